package dev.graft.tenancy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import dev.graft.platform.BearerAuthenticator;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Authenticates tokens of the identity provider: the person with the token's e-mail address, with
 * the permissions of the token's groups. Groups are not stored; each token states them.
 */
@Component
class PersonAuthenticator implements BearerAuthenticator {
  private final TokenVerifier tokens;
  private final OidcProperties settings;
  private final Departments departments;
  private final Members people;

  PersonAuthenticator(
      TokenVerifier tokens, OidcProperties settings, Departments departments, Members people) {
    this.tokens = tokens;
    this.settings = settings;
    this.departments = departments;
    this.people = people;
  }

  @Override
  public Surface surface() {
    return Surface.API;
  }

  @Override
  public Optional<Bearer> authenticate(String token) {
    return authenticate(token, null);
  }

  @Override
  @Transactional
  public Optional<Bearer> authenticate(String token, @Nullable String project) {
    return tokens.read(token).flatMap(jwt -> bearer(jwt, project));
  }

  private Optional<Bearer> bearer(Jwt jwt, @Nullable String project) {
    String email = email(jwt);
    if (email == null) return Optional.empty();
    List<String> groups = groups(jwt);
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    if (settings.administrators().stream().anyMatch(groups::contains)) {
      permissions.addAll(Permission.OF_ADMINISTRATORS);
    }
    Optional<Map.Entry<Department, Role>> in = department(groups, project);
    in.ifPresent(department -> permissions.addAll(department.getValue().permissions()));
    if (permissions.isEmpty()) return Optional.empty();
    Actor actor = new Actor(null, people.known(email), email, null);
    Identity identity =
        in.<Identity>map(
                department ->
                    new Caller(
                        department.getKey().id(), department.getKey().name(), actor, permissions))
            .orElseGet(() -> new Identity.Administrator(actor, permissions));
    return Optional.of(KeyAuthenticator.bearer(identity));
  }

  /** Returns the department that the request names, or else the first, with the highest role. */
  private Optional<Map.Entry<Department, Role>> department(
      List<String> groups, @Nullable String project) {
    Map<Department, Role> roles = new LinkedHashMap<>();
    for (OidcProperties.ProviderGroup each : settings.groups()) {
      if (!groups.contains(each.group())) continue;
      departments
          .get(departments.ensure(each.department()))
          .filter(department -> department.archivedAt() == null)
          .ifPresent(
              department -> roles.merge(department, each.role(), PersonAuthenticator::higher));
    }
    return roles.entrySet().stream()
        .filter(each -> project == null || each.getKey().id().equals(project))
        .findFirst();
  }

  private static Role higher(Role one, Role other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Returns null if the token has no valid e-mail address, or an unverified one. */
  private static @Nullable String email(Jwt jwt) {
    if (Boolean.FALSE.equals(jwt.getClaim("email_verified"))) return null;
    return jwt.getClaim("email") instanceof String email && Members.isEmail(email) ? email : null;
  }

  private List<String> groups(Jwt jwt) {
    return jwt.getClaim(settings.groupsClaim()) instanceof List<?> groups
        ? groups.stream().map(String::valueOf).toList()
        : List.of();
  }

  /**
   * Verifies tokens (RFC 7519): signed with a key of the provider and an allowed algorithm, for
   * this Graft's audience, by this issuer, and not expired.
   */
  @Component
  static class TokenVerifier {
    private static final Logger log = LoggerFactory.getLogger(TokenVerifier.class);
    private static final Duration SKEW = Duration.ofSeconds(30);
    private static final int LONGEST = 16_384;
    private static final Set<JWSAlgorithm> ALLOWED =
        Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);

    private final Optional<JwtDecoder> decoder;

    TokenVerifier(OidcProperties settings, Clock clock) {
      this.decoder =
          Optional.ofNullable(settings.issuer()).map(issuer -> decoder(issuer, settings, clock));
    }

    private static JwtDecoder decoder(String issuer, OidcProperties settings, Clock clock) {
      DefaultJWTProcessor<SecurityContext> signatures = new DefaultJWTProcessor<>();
      signatures.setJWSKeySelector(
          new JWSVerificationKeySelector<>(ALLOWED, ProviderKeys.of(issuer, settings.jwkSetUri())));
      // Claims are verified below, with this Graft's clock.
      signatures.setJWTClaimsSetVerifier((claims, context) -> {});
      NimbusJwtDecoder decoder = new NimbusJwtDecoder(signatures);
      JwtTimestampValidator times = new JwtTimestampValidator(SKEW);
      times.setClock(clock);
      decoder.setJwtValidator(
          new DelegatingOAuth2TokenValidator<>(
              times,
              new JwtClaimValidator<Object>(JwtClaimNames.EXP, expires -> expires != null),
              new JwtIssuerValidator(issuer),
              new JwtClaimValidator<List<String>>(
                  JwtClaimNames.AUD,
                  audience -> audience != null && audience.contains(settings.audience()))));
      return decoder;
    }

    /** Returns the token, or empty if it is invalid or not of the provider. */
    Optional<Jwt> read(String token) {
      if (decoder.isEmpty()
          || token.length() > LONGEST
          || token.chars().filter(c -> c == '.').count() != 2) {
        return Optional.empty();
      }
      try {
        return Optional.of(decoder.get().decode(token));
      } catch (BadJwtException refused) {
        return Optional.empty();
      } catch (JwtException unreachable) {
        if (unreachable.getCause() instanceof RateLimitReachedException) return Optional.empty();
        log.atWarn().addKeyValue("cause", unreachable.getMessage()).log("identity_provider_failed");
        return Optional.empty();
      }
    }

    /**
     * Fetches the provider's keys from the address in its metadata (OpenID Connect Discovery 1.0)
     * or in the settings. They are fetched again when a token names an unknown key, which any
     * client can send: so at most twice in 30 seconds.
     */
    static final class ProviderKeys implements JWKSetSource<SecurityContext> {
      private static final long BETWEEN_MILLIS = 30_000;
      private static final int ANSWER_MILLIS = 5_000;
      private static final int LARGEST = 1 << 20;

      private final String issuer;
      private final @Nullable String address;
      private final DefaultResourceRetriever retriever =
          new DefaultResourceRetriever(ANSWER_MILLIS, ANSWER_MILLIS, LARGEST);

      private ProviderKeys(String issuer, @Nullable String address) {
        this.issuer = issuer;
        this.address = address;
      }

      /** Fetches nothing before the first token, so the provider need not run at the start. */
      static JWKSource<SecurityContext> of(String issuer, @Nullable String address) {
        return JWKSourceBuilder.create(new ProviderKeys(issuer, address))
            .refreshAheadCache(false)
            .rateLimited(BETWEEN_MILLIS)
            .build();
      }

      @Override
      public JWKSet getJWKSet(
          JWKSetCacheRefreshEvaluator refresh, long now, @Nullable SecurityContext context)
          throws KeySourceException {
        try {
          return JWKSet.parse(retriever.retrieveResource(url()).getContent());
        } catch (IOException | GeneralException | ParseException failed) {
          throw new RemoteKeySourceException(
              "Cannot read the keys of " + issuer + ": " + failed.getMessage(), failed);
        }
      }

      private URL url() throws IOException, GeneralException {
        return address == null
            ? OIDCProviderMetadata.resolve(new Issuer(issuer), ANSWER_MILLIS, ANSWER_MILLIS)
                .getJWKSetURI()
                .toURL()
            : URI.create(address).toURL();
      }

      @Override
      public void close() {}
    }
  }
}
