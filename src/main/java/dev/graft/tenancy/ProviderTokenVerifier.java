package dev.graft.tenancy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

/**
 * The identity provider's tokens (RFC 7519): signed by one of its keys with one of a few
 * algorithms, for this Graft, by this provider, and not expired.
 */
@Component
class ProviderTokenVerifier {
  private static final Logger log = LoggerFactory.getLogger(ProviderTokenVerifier.class);
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

  ProviderTokenVerifier(OidcProperties settings, Clock clock) {
    this.decoder =
        Optional.ofNullable(settings.issuer()).map(issuer -> decoder(issuer, settings, clock));
  }

  private static JwtDecoder decoder(String issuer, OidcProperties settings, Clock clock) {
    DefaultJWTProcessor<SecurityContext> signatures = new DefaultJWTProcessor<>();
    signatures.setJWSKeySelector(
        new JWSVerificationKeySelector<>(ALLOWED, ProviderKeys.of(issuer, settings.jwkSetUri())));
    // What a token claims is looked at below, by this Graft's clock.
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

  /** Empty if it is none of the provider's, or not valid now. */
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
}
