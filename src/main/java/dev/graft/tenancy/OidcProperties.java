package dev.graft.tenancy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The identity provider whose tokens people may send instead of keys; without an issuer there is
 * none.
 *
 * @param issuer as in its tokens ({@code iss}); an https address
 * @param audience that its tokens for this Graft name ({@code aud})
 * @param jwkSetUri of its keys; null = as its discovery document says
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
    @DefaultValue("groups") String groupsClaim,
    @DefaultValue List<Group> groups,
    @DefaultValue List<String> administrators) {

  /**
   * A group of the provider in a department, which is made where it is missing.
   *
   * @param department its name
   */
  record Group(String group, String department, @DefaultValue("member") Role role) {}

  OidcProperties {
    groups = List.copyOf(groups);
    administrators = List.copyOf(administrators);
    if (issuer != null && audience == null) {
      throw new IllegalArgumentException(
          "graft.oidc.audience: say which audience the issuer's tokens for this Graft have");
    }
  }
}
