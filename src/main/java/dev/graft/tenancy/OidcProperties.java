package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The identity provider whose tokens people may send instead of keys. Without an issuer, such
 * tokens are not accepted.
 *
 * @param issuer https address of the provider, as in the {@code iss} claim of its tokens
 * @param audience value of the {@code aud} claim in tokens for this Graft
 * @param jwkSetUri address of the provider's keys; null = from its discovery document
 * @param signIn how {@code graft login --sso} gets a token; null = people get tokens otherwise
 * @param groupsClaim claim that lists a person's groups
 * @param groups roles of groups in departments; a person whose groups belong to several departments
 *     acts in the first, unless the request's {@code OpenAI-Project} names another
 * @param administrators groups whose people administer the organisation
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
   * The role of a provider's group in a department. The department is created if it is missing.
   *
   * @param group its name at the provider
   * @param department name of the department
   * @param role role of the group's people in the department
   */
  record ProviderGroup(String group, String department, @DefaultValue("member") Role role) {}

  /**
   * A public client of the provider that may use the device authorization grant (RFC 8628).
   *
   * @param clientId id of the client at the provider
   * @param scopes scopes to request; with {@code offline_access}, or the provider's equivalent,
   *     people need not sign in again whenever a token expires
   * @param token which of the provider's two tokens has {@code audience}
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
          "graft.oidc.audience must be set: the audience of the issuer's tokens for this Graft");
    }
  }
}
