package main

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func texts(names ...string) map[string]attr.Type {
	all := map[string]attr.Type{}
	for _, name := range names {
		all[name] = types.StringType
	}
	return all
}

func object(attributes map[string]attr.Type) types.ObjectType {
	return types.ObjectType{AttrTypes: attributes}
}

var (
	pair   = object(texts("cert", "key"))
	client = texts("ca_certificate", "client_certificate", "client_key")
	secret = map[string]attr.Type{
		"cluster":    object(texts("id", "secret")),
		"secrets":    object(texts("bootstrap_token", "secretbox_encryption_secret", "aescbc_encryption_secret")),
		"trustdinfo": object(texts("token")),
		"certs": object(map[string]attr.Type{
			"etcd": pair, "k8s": pair, "k8s_aggregator": pair, "k8s_serviceaccount": object(texts("key")), "os": pair,
		}),
	}
)

// Every text of the type, of the name `of` and its own: secrets that are told apart, and nobody's.
func filled(of string, attributes map[string]attr.Type) types.Object {
	values := map[string]attr.Value{}
	for name, kind := range attributes {
		if inner, ok := kind.(types.ObjectType); ok {
			values[name] = filled(of+"."+name, inner.AttrTypes)
		} else {
			values[name] = types.StringValue(base64Of(of + "." + name))
		}
	}
	return types.ObjectValueMust(attributes, values)
}

var id = schema.StringAttribute{
	Computed:      true,
	PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
}

var clientAttribute = schema.ObjectAttribute{AttributeTypes: client, Optional: true, Sensitive: true}

var timeouts = schema.SingleNestedAttribute{
	Optional: true,
	Attributes: map[string]schema.Attribute{
		"create": schema.StringAttribute{Optional: true},
		"update": schema.StringAttribute{Optional: true},
	},
}
