package dev.graft.platform;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits for HTTP requests.
 *
 * @param maxBody maximum size of a request body that is read into memory, such as JSON; files are
 *     streamed and have their own limits
 * @param allowedOrigins origins whose web pages may call the API from a browser, such as {@code
 *     https://portal.example}; by default none
 * @param failedAuthenticationsPerMinute maximum number of failed logins from one address (IPv6: one
 *     /64) per minute and server; above it, requests from the address are refused with 429, except
 *     with credentials that were valid before
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
