output "user_data" {
  description = "The user-data of the host. Nothing in it is secret."
  value       = local.user_data
  # Only too long to be printed with every plan.
  sensitive = true
}

output "snippet" {
  description = "The name under which the user-data must lie among the snippets of a storage."
  value       = local.snippet
}

output "vmid" {
  description = "The VM, once it is made."
  value       = one(proxmox_virtual_environment_vm.runner[*].vm_id)
}
