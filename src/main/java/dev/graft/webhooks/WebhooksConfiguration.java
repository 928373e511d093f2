package dev.graft.webhooks;

import dev.graft.platform.TrustedAuthorities;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The settings of webhooks and the HTTP client that sends them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(WebhooksConfiguration.WebhookProperties.class)
class WebhooksConfiguration {
  @Bean
  OutboundClient.OutboundGuard outboundGuard(WebhookProperties settings) {
    return new OutboundClient.OutboundGuard(
        settings.allowedNetworks(), settings.allowHttp(), InetAddress::getAllByName);
  }

  @Bean
  OutboundClient webhookPost(OutboundClient.OutboundGuard guard, WebhookProperties settings)
      throws NoSuchAlgorithmException {
    return new OutboundClient(
        guard,
        trusted(settings.certificateAuthorities()),
        settings.parallel() + WebhookSender.PARALLEL_SAMPLES,
        settings.timeout());
  }

  private static SSLContext trusted(@Nullable Path authorities) throws NoSuchAlgorithmException {
    return authorities == null ? SSLContext.getDefault() : TrustedAuthorities.of(authorities);
  }

  /**
   * Settings of webhooks.
   *
   * @param encryptionKey 32 bytes in base64 that encrypt signing secrets, the same on every server;
   *     null = a key file in the data directory, which is created when it is needed
   * @param allowedNetworks networks that may be reached although they are not public, as CIDR
   * @param allowHttp whether URLs may be {@code http:}, whose requests are not encrypted
   * @param certificateAuthorities PEM file with the certificate authorities of receivers; null =
   *     Java's
   * @param maxEndpoints the maximum number of endpoints per department
   * @param parallel the maximum number of concurrent requests per server; a department gets at most
   *     a quarter of them
   * @param poll how often a server looks for due deliveries
   * @param timeout the longest time of an attempt, from the connection to the answer
   * @param retries the delay before each attempt after the first, varied by 10 %
   * @param keep how long an ended delivery is listed
   */
  @ConfigurationProperties("graft.webhooks")
  record WebhookProperties(
      @Nullable String encryptionKey,
      @DefaultValue List<String> allowedNetworks,
      @DefaultValue("false") boolean allowHttp,
      @Nullable Path certificateAuthorities,
      @DefaultValue("20") int maxEndpoints,
      @DefaultValue("16") int parallel,
      @DefaultValue("1s") Duration poll,
      @DefaultValue("15s") Duration timeout,
      @DefaultValue({"5s", "1m", "5m", "30m", "2h", "5h", "8h", "10h"}) List<Duration> retries,
      @DefaultValue("30d") Duration keep) {
    /** Returns the maximum number of concurrent requests per department. */
    int share() {
      return Math.max(1, parallel / 4);
    }

    WebhookProperties {
      allowedNetworks = List.copyOf(allowedNetworks);
      retries = List.copyOf(retries);
      if (parallel < 1 || !poll.isPositive() || !timeout.isPositive()) {
        throw new IllegalArgumentException(
            "graft.webhooks.parallel, poll and timeout must be positive");
      }
    }
  }
}
