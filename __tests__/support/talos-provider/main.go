// A stand-in of siderolabs/talos 0.11.0, which no package registry serves: the resources and data sources that
// castle/modules/talos-cluster uses, with the attributes that it uses. No Talos is behind it: a configuration becomes a
// file of the folder TALOS_STAND_IN, and so does the one bootstrap that there can be.
package main

import (
	"context"
	"encoding/base64"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

func folder(name string) string { return filepath.Join(os.Getenv("TALOS_STAND_IN"), name) }

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// Of the server that plays the API: what a kubeconfig names as its authority.
func authority() (string, error) {
	pem, err := os.ReadFile(folder("ca.pem"))
	return base64Of(string(pem)), err
}

// The folder's parts of a node's name, so that an address cannot lead out of it.
func nodeFile(node string) string { return folder(strings.ReplaceAll(node, "/", "_") + ".yaml") }

type talos struct{}

func (talos) Metadata(_ context.Context, _ provider.MetadataRequest, response *provider.MetadataResponse) {
	response.TypeName = "talos"
}
func (talos) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (talos) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (talos) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return machineSecrets{} },
		func() resource.Resource { return configurationApply{} },
		func() resource.Resource { return bootstrap{} },
		func() resource.Resource { return kubeconfig{} },
	}
}

func (talos) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		func() datasource.DataSource { return machineConfiguration{} },
		func() datasource.DataSource { return clientConfiguration{} },
	}
}

func main() {
	options := providerserver.ServeOpts{Address: "registry.opentofu.org/siderolabs/talos"}
	if err := providerserver.Serve(context.Background(), func() provider.Provider { return talos{} }, options); err != nil {
		log.Fatal(err)
	}
}
