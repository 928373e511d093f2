package dev.graft.platform;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What requests may be.
 *
 * @param maxBody most bytes of a request that is read into memory, such as JSON; files are streamed
 *     and have limits of their own
 * @param allowedOrigins origins of web pages that may ask from a browser, such as {@code
 *     https://portal.example}; none: browsers keep every page from it
 * @param failedAuthenticationsPerMinute credentials that open nothing which one address (of IPv6:
 *     its /64) may show each server in a minute; then its requests are refused with 429, but for
 *     those with a credential that was good before
 */
@ConfigurationProperties("graft.http")
record HttpProperties(
    @DefaultValue("8MB") DataSize maxBody,
    @DefaultValue List<String> allowedOrigins,
    @DefaultValue("100") int failedAuthenticationsPerMinute) {
  public HttpProperties {
    if (failedAuthenticationsPerMinute < 1) {
      throw new IllegalArgumentException(
          "graft.http.failed-authentications-per-minute must be positive");
    }
  }
}
