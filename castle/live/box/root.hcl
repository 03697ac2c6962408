# One state file a layer, outside the working tree. What the box builds dies with it, and so does this state.
remote_state {
  backend = "local"
  config = {
    path = "${get_env("PHOENIX_BOX_STATE")}/${path_relative_to_include()}/terraform.tfstate"
  }
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
}
