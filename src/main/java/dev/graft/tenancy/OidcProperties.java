package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The identity provider whose tokens people may send instead of keys; without an issuer there is
 * none.
 *
 * @param issuer the provider, as in its tokens ({@code iss}); an https address
 * @param audience what its tokens for this Graft have as {@code aud}
 * @param jwkSetUri address of its keys; null = as its discovery document says
 * @param signIn how people get a token by {@code graft login --sso}; null = in some other way
 * @param groupsClaim claim with the groups of a person
 * @param groups what the groups may do; a person with groups of several departments is in the first
 *     unless the request's {@code OpenAI-Project} names another
 * @param administrators groups that look after the organisation
 */
@ConfigurationProperties("graft.oidc")
record OidcProperties(
    @Nullable String issuer,
    @Nullable String audience,
    @Nullable String jwkSetUri,
    @Nullable SignIn signIn,
    @DefaultValue("groups") String groupsClaim,
    @DefaultValue List<ProviderGroup> groups,
    @DefaultValue List<String> administrators) {

  /**
   * A group of the provider in a department, which is made where it is missing.
   *
   * @param group its name at the provider
   * @param department name of the department
   * @param role role of its people there
   */
  record ProviderGroup(String group, String department, @DefaultValue("member") Role role) {}

  /**
   * A public client of the provider that may use the device authorization grant (RFC 8628).
   *
   * @param clientId id that the provider has given the client
   * @param scopes {@code offline_access}, or what the provider has for it, spares people a sign-in
   *     whenever a token expires
   * @param token which of the two that the provider gives has {@code audience}
   */
  record SignIn(
      String clientId,
      @DefaultValue({"openid", "email", "offline_access"}) List<String> scopes,
      @DefaultValue("id-token") Token token) {
    SignIn {
      scopes = List.copyOf(scopes);
    }
  }

  /** One of the tokens of a token response (RFC 6749, OpenID Connect Core 3.1.3.3). */
  enum Token {
    ID_TOKEN,
    ACCESS_TOKEN;

    @JsonValue
    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  OidcProperties {
    groups = List.copyOf(groups);
    administrators = List.copyOf(administrators);
    if (issuer != null && audience == null) {
      throw new IllegalArgumentException(
          "graft.oidc.audience: say which audience the issuer's tokens for this Graft have");
    }
  }
}
