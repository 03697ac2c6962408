output "machines" {
  description = "The machines by key, once they run: VM id, host name and address."
  value = {
    for key, machine in proxmox_virtual_environment_vm.machine :
    key => { vmid = machine.vm_id, name = machine.name, address = var.machines[key].address }
  }
}
