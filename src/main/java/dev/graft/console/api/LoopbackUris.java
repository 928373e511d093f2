package dev.graft.console.api;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.DefaultUriBuilderFactory;
import org.springframework.web.util.UriBuilder;
import org.springframework.web.util.UriBuilderFactory;

/** Addresses of the API, whose port is known when the server listens and not before. */
final class LoopbackUris implements UriBuilderFactory {
  private final Loopback loopback;

  LoopbackUris(Loopback loopback) {
    this.loopback = loopback;
  }

  private DefaultUriBuilderFactory here() {
    return new DefaultUriBuilderFactory(loopback.address().toString());
  }

  @Override
  public UriBuilder uriString(String template) {
    return here().uriString(template);
  }

  @Override
  public UriBuilder builder() {
    return here().builder();
  }

  @Override
  public URI expand(String template, Map<String, ? extends @Nullable Object> variables) {
    return here().expand(template, variables);
  }

  @Override
  public URI expand(String template, @Nullable Object... variables) {
    return here().expand(template, variables);
  }
}
