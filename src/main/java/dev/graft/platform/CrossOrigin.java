package dev.graft.platform;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.DefaultCorsProcessor;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

/**
 * Allows configured origins to call this server from a browser (CORS, WHATWG Fetch). Keys are sent
 * in a header, never as cookies, so credentials are not allowed.
 */
final class CrossOrigin {
  private static final Duration REMEMBERED = Duration.ofMinutes(10);

  /** The response headers that a page may read, which SDKs use. */
  private static final List<String> READABLE =
      List.of(
          "x-request-id",
          "x-ratelimit-limit-requests",
          "x-ratelimit-remaining-requests",
          "x-ratelimit-reset-requests",
          "x-should-retry",
          "x-checksum-sha256",
          "x-graft-model",
          "deprecation",
          "sunset",
          "link",
          "retry-after-ms",
          HttpHeaders.RETRY_AFTER,
          HttpHeaders.ETAG,
          HttpHeaders.CONTENT_RANGE,
          HttpHeaders.CONTENT_DISPOSITION);

  private CrossOrigin() {}

  /**
   * @param origins such as {@code https://portal.example}, exactly as browsers send them @@throws
   *     IllegalArgumentException if one is not an origin
   */
  static CorsFilter filter(List<String> origins, ErrorWriter errors) {
    CorsConfiguration allowed = new CorsConfiguration();
    for (String origin : origins) allowed.addAllowedOrigin(checked(origin));
    allowed.setAllowedMethods(List.of("GET", "HEAD", "POST", "DELETE"));
    allowed.addAllowedHeader(CorsConfiguration.ALL);
    allowed.setExposedHeaders(READABLE);
    allowed.setMaxAge(REMEMBERED);
    UrlBasedCorsConfigurationSource everywhere = new UrlBasedCorsConfigurationSource();
    everywhere.registerCorsConfiguration("/v1/**", allowed);
    CorsFilter filter = new CorsFilter(everywhere);
    filter.setCorsProcessor(new Envelope(errors));
    return filter;
  }

  private static String checked(String origin) {
    try {
      URI uri = URI.create(origin);
      boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web && uri.getHost() != null && origin.equals(originOf(uri))) return origin;
    } catch (IllegalArgumentException e) {
      // reported below
    }
    throw new IllegalArgumentException(
        "graft.http.allowed-origins: '%s' is not an origin of scheme, host and port, such as"
                .formatted(origin)
            + " https://portal.example");
  }

  private static String originOf(URI uri) {
    return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
  }

  /** Writes CORS refusals as OpenAI errors. */
  private static final class Envelope extends DefaultCorsProcessor {
    private final ErrorWriter errors;

    Envelope(ErrorWriter errors) {
      this.errors = errors;
    }

    @Override
    protected void rejectRequest(ServerHttpResponse response) throws IOException {
      if (!(response instanceof ServletServerHttpResponse servlet)) {
        throw new IllegalStateException("the response is not a servlet response");
      }
      errors.write(
          servlet.getServletResponse(),
          new RequestFailed(
              ProblemType.PERMISSION_DENIED,
              "Web pages of this origin may not call this server; graft.http.allowed-origins lists"
                  + " the origins that may."));
    }
  }
}
