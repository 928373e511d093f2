package dev.graft.console;

import java.net.InetAddress;
import java.net.URI;
import org.apache.catalina.connector.Connector;
import org.apache.coyote.AbstractProtocol;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.stereotype.Component;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * A second door of this server, for itself: plain HTTP on a free port of the loopback address,
 * whatever the first one speaks. It opens nothing without a key, as the first does.
 */
@Component
class Loopback implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  private final Connector connector = new Connector();

  @Override
  public void customize(TomcatServletWebServerFactory server) {
    // Limits and paths are read as at the first door: a request is the same through both.
    server.getConnectorCustomizers().forEach(each -> each.customize(connector));
    connector.setPort(0);
    if (connector.getProtocolHandler() instanceof AbstractProtocol<?> http) {
      http.setAddress(InetAddress.getLoopbackAddress());
      http.setExecutor(new VirtualThreadExecutor("loopback-"));
    }
    server.addAdditionalConnectors(connector);
  }

  /** Where the API answers. */
  private URI address() {
    int port = connector.getLocalPort();
    if (port <= 0) throw new IllegalStateException("the server does not listen yet");
    return address(InetAddress.getLoopbackAddress(), port);
  }

  /** The same path and query here. */
  URI here(URI elsewhere) {
    String query = elsewhere.getRawQuery();
    return URI.create(address() + elsewhere.getRawPath() + (query == null ? "" : "?" + query));
  }

  static URI address(InetAddress host, int port) {
    String written = host.getHostAddress();
    return UriComponentsBuilder.newInstance()
        .scheme("http")
        .host(written.contains(":") ? "[" + written + "]" : written)
        .port(port)
        .build()
        .toUri();
  }
}
