# The castle's own values, and nothing secret. Addresses and names are of documentation. What phoenix.yaml repeats of them,
# for Phoenix does not read this file, is marked (phoenix.yaml: KEY): change it in both.
locals {
  castle = "tazlab"

  proxmox = {
    # phoenix.yaml: proxmox.
    endpoint = "https://pve.example.org:8006"
    token_id = "phoenix@pve!castle"
    node     = "pve"
    # phoenix.yaml: destroy.vmids, destroy.tag.
    vmids   = "421-432"
    tag     = "phoenix"
    storage = { disk = "local-lvm", image = "local" }
  }

  network = {
    prefix    = 24
    gateway   = "192.0.2.1"
    bridge    = "vmbr0"
    resolvers = ["192.0.2.1"]
  }

  # The API server's address, shared by the control planes. Like the load balancer's, no machine has it and no DHCP gives it.
  # phoenix.yaml: destroy.leftovers.answers (the VIP), gitops.given.pools (the load balancer's).
  vip                     = "192.0.2.210"
  load_balancer_addresses = ["192.0.2.240-192.0.2.249"]

  # phoenix.yaml: gitops.given.nodes, how many.
  machines = {
    cp-1     = { role = "controlplane", vmid = 421, address = "192.0.2.211", cores = 4, memory = 8192, disk = 40 }
    worker-1 = { role = "worker", vmid = 424, address = "192.0.2.214", cores = 6, memory = 16384, disk = 200 }
  }

  # A schematic of Talos' Image Factory with siderolabs/iscsi-tools, siderolabs/util-linux-tools and
  # siderolabs/qemu-guest-agent: its id stands in both addresses. The sha512 is of the qcow2, made by yourself once.
  schematic = "0000000000000000000000000000000000000000000000000000000000000000"
  talos     = "v1.13.0"
  image = {
    url    = "https://factory.talos.dev/image/${local.schematic}/${local.talos}/nocloud-amd64.qcow2"
    sha512 = "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
  }
  installer = "factory.talos.dev/nocloud-installer/${local.schematic}:${local.talos}"
  agent     = true

  kubernetes = "1.34.1"

  # A registry's mirrors, such as { "ghcr.io" = ["https://mirror.example.org/ghcr"] }.
  registry_mirrors = {}

  # VMs that stand while their state is lost, by key: { cp-1 = 421, worker-1 = 424 }. Empty again afterwards.
  adopt = {}

  state = {
    bucket = "tazlab-state"
    region = "eu-central-1"
    # Of another S3 than AWS's, such as https://s3.example.org; empty for AWS.
    endpoint = ""
  }

  # The repository whose root is the content of castle/gitops. phoenix.yaml: claim.repository, gitops.branch, gitops.entry.
  gitops = {
    repository = "https://github.com/OWNER/tazlab-k8s"
    branch     = "main"
    # For the very first birth "./clusters/tazlab-first", which restores nothing: README.md.
    entry = "./clusters/tazlab"
  }

  # What the GitOps tree substitutes (castle/gitops/README.md). phoenix.yaml: gitops.given.config-maps has the names;
  # milestones and destroy.leftovers.dns the blog's host.
  cluster_vars = {
    castle                = local.castle
    domain                = "example.org"
    blog_host             = "blog.example.org"
    load_balancer_address = "192.0.2.240"
    backup_bucket         = "tazlab-backups"
    backup_endpoint       = "s3.eu-central-1.amazonaws.com"
    backup_region         = "eu-central-1"
    acme_server           = "https://acme-v02.api.letsencrypt.org/directory"
    acme_email            = "admin@example.org"
  }

  storage = {
    # Machines that take volumes: the workers.
    nodes    = 1
    replicas = 1
    backup = {
      bucket     = "tazlab-backups"
      region     = "eu-central-1"
      prefix     = "longhorn"
      store      = "tazlab-secrets"
      access_key = "S3_ACCESS_KEY"
      secret_key = "S3_SECRET_KEY"
    }
  }
}
