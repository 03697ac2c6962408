output "kubeconfig" {
  description = "Administrator's kubeconfig, with its key: the state that keeps it must be encrypted."
  value       = talos_cluster_kubeconfig.this.kubeconfig_raw
  sensitive   = true
  depends_on  = [terraform_data.answers]
}

output "talosconfig" {
  description = "Administrator's talosconfig, with its key."
  value       = data.talos_client_configuration.this.talos_config
  sensitive   = true
}

output "cluster_id" {
  description = "New with every cluster: what was applied to another one is applied anew."
  value       = terraform_data.answers.id
}

output "endpoint" {
  description = "Address of the API server."
  value       = local.endpoint
}
