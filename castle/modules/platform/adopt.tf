# After a lost state the machines still stand: they are taken into the state again instead of made. Import blocks are
# allowed in a root module only, which is why they are here and not beside the machines.

variable "adopt" {
  description = "VM ids by key of machines that stand and are not in the state, such as { cp-1 = 421 }. Take it out again afterwards."
  type        = map(number)
  default     = {}
  validation {
    condition     = alltrue([for key, vmid in var.adopt : try(var.machines[key].vmid, 0) == vmid])
    error_message = "`adopt` names a machine that `machines` does not have under this key and VM id."
  }
}

import {
  for_each = var.adopt
  to       = module.machines.proxmox_virtual_environment_vm.machine[each.key]
  id       = "${coalesce(var.machines[each.key].node, var.node)}/${each.value}"
}
