package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func required() schema.StringAttribute { return schema.StringAttribute{Required: true} }
func optional() schema.StringAttribute { return schema.StringAttribute{Optional: true} }
func list() schema.ListAttribute {
	return schema.ListAttribute{ElementType: types.StringType, Optional: true}
}

type machineConfiguration struct{}

func (machineConfiguration) Metadata(_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse) {
	response.TypeName = "talos_machine_configuration"
}

func (machineConfiguration) Schema(_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": schema.StringAttribute{Computed: true}, "cluster_name": required(), "cluster_endpoint": required(),
		"machine_type": required(), "talos_version": optional(), "kubernetes_version": optional(), "config_patches": list(),
		"machine_secrets":       schema.ObjectAttribute{AttributeTypes: secret, Required: true},
		"machine_configuration": schema.StringAttribute{Computed: true, Sensitive: true},
	}}
}

// What was asked for, and the patches behind it: the real one merges them.
func (machineConfiguration) Read(ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse) {
	var name, kind types.String
	var secrets types.Object
	var patches []string
	request.Config.GetAttribute(ctx, path.Root("cluster_name"), &name)
	request.Config.GetAttribute(ctx, path.Root("machine_type"), &kind)
	request.Config.GetAttribute(ctx, path.Root("machine_secrets"), &secrets)
	request.Config.GetAttribute(ctx, path.Root("config_patches"), &patches)
	cluster := secrets.Attributes()["cluster"].(types.Object).Attributes()["id"].(types.String).ValueString()
	head := fmt.Sprintf("# %s of %s\n# cluster %s\n", kind.ValueString(), name.ValueString(), cluster)
	response.State.Raw = request.Config.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), name)...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("machine_configuration"), head+strings.Join(patches, "---\n"))...)
}

type clientConfiguration struct{}

func (clientConfiguration) Metadata(_ context.Context, _ datasource.MetadataRequest, response *datasource.MetadataResponse) {
	response.TypeName = "talos_client_configuration"
}

func (clientConfiguration) Schema(_ context.Context, _ datasource.SchemaRequest, response *datasource.SchemaResponse) {
	response.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": schema.StringAttribute{Computed: true}, "cluster_name": required(), "nodes": list(), "endpoints": list(),
		"client_configuration": schema.ObjectAttribute{AttributeTypes: client, Required: true},
		"talos_config":         schema.StringAttribute{Computed: true, Sensitive: true},
	}}
}

func (clientConfiguration) Read(ctx context.Context, request datasource.ReadRequest, response *datasource.ReadResponse) {
	var name types.String
	var endpoints []string
	request.Config.GetAttribute(ctx, path.Root("cluster_name"), &name)
	request.Config.GetAttribute(ctx, path.Root("endpoints"), &endpoints)
	response.State.Raw = request.Config.Raw
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("id"), name)...)
	response.Diagnostics.Append(response.State.SetAttribute(ctx, path.Root("talos_config"), fmt.Sprintf("context: %s\nendpoints: [%s]\n", name.ValueString(), strings.Join(endpoints, ", ")))...)
}
