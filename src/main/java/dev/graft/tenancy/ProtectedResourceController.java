package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Describes how clients get tokens for this Graft (RFC 9728); needs no authentication. */
@RestController
class ProtectedResourceController {
  private final OidcProperties provider;

  ProtectedResourceController(OidcProperties provider) {
    this.provider = provider;
  }

  /**
   * @param authorizationServers the issuer of accepted tokens; absent without an identity provider
   * @param graftSignIn the provider's client with which {@code graft login} signs people in
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  record Metadata(
      String resource,
      String resourceName,
      List<String> bearerMethodsSupported,
      List<String> authorizationServers,
      @Nullable SignIn graftSignIn) {}

  /**
   * @param scope OAuth scopes, separated by spaces
   */
  record SignIn(String clientId, String scope, OidcProperties.Token token) {}

  @GetMapping("/.well-known/oauth-protected-resource")
  Metadata metadata() {
    String issuer = provider.issuer();
    OidcProperties.SignIn signIn = provider.signIn();
    return new Metadata(
        ServletUriComponentsBuilder.fromCurrentContextPath().toUriString(),
        "Graft",
        List.of("header"),
        issuer == null ? List.of() : List.of(issuer),
        issuer == null || signIn == null
            ? null
            : new SignIn(signIn.clientId(), String.join(" ", signIn.scopes()), signIn.token()));
  }
}
