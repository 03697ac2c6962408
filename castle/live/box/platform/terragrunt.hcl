include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "../../../modules//box-platform"
}

# The order alone: no output of the secrets layer is read, for reading one costs a run of the engine.
dependencies {
  paths = ["../secrets"]
}

inputs = {
  socket = get_env("PHOENIX_BOX_SOCKET")
  node   = get_env("PHOENIX_BOX_NODE", "node")
  port   = tonumber(get_env("PHOENIX_BOX_API_PORT", "0"))
}
