# One state a layer, in a bucket, with S3's own lock. Phoenix encrypts each before it leaves the machine
# (`state.encryption`); the bucket's key comes by the environment (phoenix.yaml), and stands in no file.
locals {
  castle = read_terragrunt_config(find_in_parent_folders("castle.hcl")).locals
}

remote_state {
  backend = "s3"
  config = merge(
    {
      bucket       = local.castle.state.bucket
      key          = "${local.castle.castle}/${path_relative_to_include()}/terraform.tfstate"
      region       = local.castle.state.region
      use_lockfile = true
    },
    # What only AWS answers is not asked of another server.
    { for setting, value in {
      endpoints                   = { s3 = local.castle.state.endpoint }
      use_path_style              = true
      skip_credentials_validation = true
      skip_region_validation      = true
      skip_requesting_account_id  = true
      skip_metadata_api_check     = true
    } : setting => value if local.castle.state.endpoint != "" },
  )
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
}
