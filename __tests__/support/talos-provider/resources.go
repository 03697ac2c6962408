package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"go.yaml.in/yaml/v4"
)

// What most of them have: nothing is read back, and to destroy one is to forget it.
type forgetful struct{}

func (forgetful) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (forgetful) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
func (forgetful) Update(_ context.Context, request resource.UpdateRequest, response *resource.UpdateResponse) {
	response.State.Raw = request.Plan.Raw
}

type machineSecrets struct{ forgetful }

func (machineSecrets) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "talos_machine_secrets"
}

func (machineSecrets) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id":                   id,
		"talos_version":        schema.StringAttribute{Optional: true, Computed: true},
		"machine_secrets":      schema.ObjectAttribute{AttributeTypes: secret, Computed: true, Sensitive: true},
		"client_configuration": schema.ObjectAttribute{AttributeTypes: client, Computed: true, Sensitive: true},
	}}
}

func (machineSecrets) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	response.State.Raw = request.Plan.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "machine_secrets")...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("machine_secrets"), filled("made", secret))...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("client_configuration"), filled("made", client))...)
}

// The id is a file of `talosctl gen secrets`, as with the real one, which says v1.3 of every newer form.
func (machineSecrets) ImportState(ctx context.Context, request resource.ImportStateRequest, response *resource.ImportStateResponse) {
	var given struct{ Cluster struct{ ID string } }
	text, err := os.ReadFile(request.ID)
	if err == nil {
		err = yaml.Unmarshal(text, &given)
	}
	if err != nil {
		response.Diagnostics.AddError("failed to read machine secrets file", err.Error())
		return
	}
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "machine_secrets")...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("talos_version"), "v1.3")...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("machine_secrets"), filled(given.Cluster.ID, secret))...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("client_configuration"), filled(given.Cluster.ID, client))...)
}

type configurationApply struct{ forgetful }

func (configurationApply) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "talos_machine_configuration_apply"
}

func (configurationApply) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": id, "node": schema.StringAttribute{Required: true}, "client_configuration": clientAttribute,
		"machine_configuration_input": schema.StringAttribute{Optional: true, Sensitive: true}, "timeouts": timeouts,
	}}
}

func (r configurationApply) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	var node, configuration types.String
	request.Plan.GetAttribute(ctx, path.Root("node"), &node)
	request.Plan.GetAttribute(ctx, path.Root("machine_configuration_input"), &configuration)
	if err := os.WriteFile(nodeFile(node.ValueString()), []byte(configuration.ValueString()), 0o600); err != nil {
		response.Diagnostics.AddError("Error applying configuration", err.Error())
		return
	}
	response.State.Raw = request.Plan.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "machine_configuration_apply")...)
}

type bootstrap struct{ forgetful }

func (bootstrap) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "talos_machine_bootstrap"
}

func (bootstrap) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": id, "node": schema.StringAttribute{Required: true}, "client_configuration": clientAttribute, "timeouts": timeouts,
	}}
}

// Refused the second time, in Talos' words. The real provider asks for all its time before it says so.
func (bootstrap) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	file, err := os.OpenFile(folder("bootstrapped"), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		response.Diagnostics.AddError("Error bootstrapping node", "rpc error: code = AlreadyExists desc = etcd data directory is not empty")
		return
	}
	defer file.Close()
	response.State.Raw = request.Plan.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "machine_bootstrap")...)
}

func (bootstrap) ImportState(ctx context.Context, _ resource.ImportStateRequest, response *resource.ImportStateResponse) {
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "machine_bootstrap")...)
}

type kubeconfig struct{ forgetful }

func (kubeconfig) Metadata(_ context.Context, _ resource.MetadataRequest, response *resource.MetadataResponse) {
	response.TypeName = "talos_cluster_kubeconfig"
}

var kubernetes = texts("host", "ca_certificate", "client_certificate", "client_key")

func (kubeconfig) Schema(_ context.Context, _ resource.SchemaRequest, response *resource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": id, "node": schema.StringAttribute{Required: true}, "client_configuration": clientAttribute, "timeouts": timeouts,
		"kubeconfig_raw":                  schema.StringAttribute{Computed: true, Sensitive: true},
		"kubernetes_client_configuration": schema.ObjectAttribute{AttributeTypes: kubernetes, Computed: true, Sensitive: true},
	}}
}

func (kubeconfig) Create(ctx context.Context, request resource.CreateRequest, response *resource.CreateResponse) {
	pem, err := authority()
	if err != nil {
		response.Diagnostics.AddError("failed to retrieve kubeconfig", err.Error())
		return
	}
	var node types.String
	request.Plan.GetAttribute(ctx, path.Root("node"), &node)
	configuration := filled("kubernetes", kubernetes).Attributes()
	configuration["ca_certificate"] = types.StringValue(pem)
	raw := fmt.Sprintf("apiVersion: v1\nkind: Config\n# from %s\n", node.ValueString())
	response.State.Raw = request.Plan.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), "tazlab")...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("kubeconfig_raw"), raw)...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("kubernetes_client_configuration"), types.ObjectValueMust(kubernetes, configuration))...)
}
