package dev.graft.tenancy.access;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.SupplierJwtDecoder;
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

  private final Optional<JwtDecoder> decoder;

  ProviderTokenVerifier(OidcProperties settings, Clock clock) {
    this.decoder =
        Optional.ofNullable(settings.issuer())
            .map(issuer -> new SupplierJwtDecoder(() -> decoder(issuer, settings, clock)));
  }

  /** Built with the first token: the provider need not be there when the server starts. */
  private static JwtDecoder decoder(String issuer, OidcProperties settings, Clock clock) {
    NimbusJwtDecoder decoder =
        (settings.jwkSetUri() == null
                ? NimbusJwtDecoder.withIssuerLocation(issuer)
                : NimbusJwtDecoder.withJwkSetUri(settings.jwkSetUri()))
            .jwsAlgorithms(
                allowed ->
                    allowed.addAll(
                        List.of(
                            SignatureAlgorithm.RS256,
                            SignatureAlgorithm.RS384,
                            SignatureAlgorithm.RS512,
                            SignatureAlgorithm.PS256,
                            SignatureAlgorithm.PS384,
                            SignatureAlgorithm.PS512,
                            SignatureAlgorithm.ES256,
                            SignatureAlgorithm.ES384,
                            SignatureAlgorithm.ES512)))
            .build();
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
      log.atWarn().addKeyValue("cause", unreachable.getMessage()).log("identity_provider_failed");
      return Optional.empty();
    }
  }
}
