package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** What a client has to know to get a token for this Graft (RFC 9728); for anyone. */
@RestController
class ProtectedResourceController {
  private final OidcProperties provider;

  ProtectedResourceController(OidcProperties provider) {
    this.provider = provider;
  }

  /**
   * @param authorizationServers the issuer of the tokens that are taken; absent without a provider
   * @param graftSignIn with which client of the provider people sign in by {@code graft login}
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  record Metadata(
      String resource,
      String resourceName,
      List<String> bearerMethodsSupported,
      List<String> authorizationServers,
      @Nullable SignIn graftSignIn) {}

  /**
   * @param scope as OAuth has it: words between spaces
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
