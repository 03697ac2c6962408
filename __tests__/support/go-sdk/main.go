// Command infisical-check talks to an Infisical with its makers' own client and says as JSON what it was told: the
// stand-in of the box is held against a client that nobody here wrote.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	infisical "github.com/infisical/go-sdk"
	sdkerrors "github.com/infisical/go-sdk/packages/errors"
)

// What to do comes on stdin, for it holds credentials.
type task struct {
	SiteURL      string `json:"siteUrl"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	IdentityID   string `json:"identityId"`
	JWT          string `json:"jwt"`
	ProjectID    string `json:"projectId"`
	ProjectSlug  string `json:"projectSlug"`
	Environment  string `json:"environment"`
	Path         string `json:"path"`
	Key          string `json:"key"`
	Recursive    bool   `json:"recursive"`
	// Revoke the token between the login and the reads.
	RevokeFirst bool `json:"revokeFirst"`
}

type secret struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Path  string `json:"path"`
}

type failure struct {
	// `APIError` or `RequestError`: the types of the client.
	Type   string `json:"type"`
	Status int    `json:"status,omitempty"`
	ReqID  string `json:"reqId,omitempty"`
	// The message that the client read out of the body.
	Message string `json:"message,omitempty"`
}

type step struct {
	OK      bool     `json:"ok"`
	Seconds int64    `json:"seconds,omitempty"`
	Secrets []secret `json:"secrets,omitempty"`
	Error   *failure `json:"error,omitempty"`
}

func main() {
	var wanted task
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = json.Unmarshal(text, &wanted)
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_ = json.NewEncoder(os.Stdout).Encode(run(ctx, wanted))
}

func run(ctx context.Context, wanted task) map[string]step {
	refresh := false
	client := infisical.NewInfisicalClient(ctx, infisical.Config{
		SiteUrl: wanted.SiteURL, AutoTokenRefresh: &refresh, SilentMode: true,
	})
	said := map[string]step{}
	credential, err := logIn(client, wanted)
	said["login"] = step{OK: err == nil, Seconds: credential.ExpiresIn, Error: explain(err)}
	if err != nil {
		return said
	}
	if wanted.RevokeFirst {
		revoked := client.Auth().RevokeAccessToken()
		said["revoke"] = step{OK: revoked == nil, Error: explain(revoked)}
		client.Auth().SetAccessToken(credential.AccessToken)
	}
	listed, err := client.Secrets().ListSecrets(infisical.ListSecretsOptions{
		ProjectID: wanted.ProjectID, ProjectSlug: wanted.ProjectSlug, Environment: wanted.Environment,
		SecretPath: wanted.Path, IncludeImports: true, ExpandSecretReferences: true,
		Recursive: wanted.Recursive, SkipUniqueValidation: true,
	})
	list := step{OK: err == nil, Error: explain(err)}
	for _, one := range listed.Secrets {
		list.Secrets = append(list.Secrets, secret{one.SecretKey, one.SecretValue, one.SecretPath})
	}
	said["list"] = list
	one, err := client.Secrets().Retrieve(infisical.RetrieveSecretOptions{
		ProjectID: wanted.ProjectID, ProjectSlug: wanted.ProjectSlug, Environment: wanted.Environment,
		SecretPath: wanted.Path, SecretKey: wanted.Key, IncludeImports: true, ExpandSecretReferences: true,
	})
	read := step{OK: err == nil, Error: explain(err)}
	if err == nil {
		read.Secrets = []secret{{one.SecretKey, one.SecretValue, one.SecretPath}}
	}
	said["read"] = read
	if !wanted.RevokeFirst {
		revoked := client.Auth().RevokeAccessToken()
		said["revoke"] = step{OK: revoked == nil, Error: explain(revoked)}
	}
	return said
}

func logIn(client infisical.InfisicalClientInterface, wanted task) (infisical.MachineIdentityCredential, error) {
	if wanted.JWT != "" {
		return client.Auth().OidcAuthLogin(wanted.IdentityID, wanted.JWT)
	}
	return client.Auth().UniversalAuthLogin(wanted.ClientID, wanted.ClientSecret)
}

func explain(err error) *failure {
	var api *sdkerrors.APIError
	var request *sdkerrors.RequestError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api):
		return &failure{Type: "APIError", Status: api.StatusCode, ReqID: api.ReqId, Message: api.ErrorMessage}
	case errors.As(err, &request):
		return &failure{Type: "RequestError"}
	default:
		return &failure{Type: "other"}
	}
}
