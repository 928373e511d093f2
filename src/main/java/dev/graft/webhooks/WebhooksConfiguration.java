package dev.graft.webhooks;

import dev.graft.platform.TrustedAuthorities;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.NoSuchAlgorithmException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Settings of webhooks, and what they are sent with. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(WebhookProperties.class)
class WebhooksConfiguration {
  @Bean
  OutboundGuard outboundGuard(WebhookProperties settings) {
    return new OutboundGuard(
        settings.allowedNetworks(), settings.allowHttp(), InetAddress::getAllByName);
  }

  @Bean
  OutboundClient webhookPost(OutboundGuard guard, WebhookProperties settings)
      throws NoSuchAlgorithmException {
    return new OutboundClient(
        guard,
        trusted(settings.certificateAuthorities()),
        settings.parallel() + SampleEvents.AT_ONCE,
        settings.timeout());
  }

  private static SSLContext trusted(@Nullable Path authorities) throws NoSuchAlgorithmException {
    return authorities == null ? SSLContext.getDefault() : TrustedAuthorities.of(authorities);
  }
}
