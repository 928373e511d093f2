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

/** Settings of webhooks, and what they are sent with. */
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
        settings.parallel() + WebhookSender.SampleEvents.AT_ONCE,
        settings.timeout());
  }

  private static SSLContext trusted(@Nullable Path authorities) throws NoSuchAlgorithmException {
    return authorities == null ? SSLContext.getDefault() : TrustedAuthorities.of(authorities);
  }

  /**
   * Settings of webhooks.
   *
   * @param encryptionKey 32 bytes in base64 that secrets are encrypted with, the same on every
   *     server; null = of a file in the data directory, which is made when it is needed
   * @param allowedNetworks addresses that may be reached although they are not public, as CIDR
   * @param allowHttp whether URLs may be {@code http:}, whose requests everybody on the way reads
   * @param certificateAuthorities PEM file of whose certificates receivers may have; null = Java's
   * @param maxEndpoints endpoints of a department
   * @param parallel requests of a server at once, a quarter of them to one department
   * @param poll how often a server looks for what is due
   * @param timeout longest time of an attempt, from the connection to the answer
   * @param retries how long each attempt after the first waits, give or take a tenth
   * @param keep how long deliveries are listed after their end
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
    /** Of what is sent at once, as much may go to one department. */
    int share() {
      return Math.max(1, parallel / 4);
    }

    public WebhookProperties {
      allowedNetworks = List.copyOf(allowedNetworks);
      retries = List.copyOf(retries);
      if (parallel < 1 || !poll.isPositive() || !timeout.isPositive()) {
        throw new IllegalArgumentException(
            "graft.webhooks.parallel, poll and timeout must be positive");
      }
    }
  }
}
