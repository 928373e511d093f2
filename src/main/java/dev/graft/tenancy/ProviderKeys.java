package dev.graft.tenancy;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.RemoteKeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.text.ParseException;
import org.jspecify.annotations.Nullable;

/**
 * The identity provider's keys, by its metadata (OpenID Connect Discovery 1.0) or at an address of
 * the settings. They are asked for again when a token names another key, which anybody can do: so
 * only twice in half a minute, however many tokens come.
 */
final class ProviderKeys implements JWKSetSource<SecurityContext> {
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

  /** Nothing is asked before the first token: the provider need not be there at the start. */
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
          "The keys of " + issuer + " cannot be read: " + failed.getMessage(), failed);
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
