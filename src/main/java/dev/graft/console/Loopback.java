package dev.graft.console;

import java.net.InetAddress;
import java.net.URI;
import org.apache.catalina.connector.Connector;
import org.apache.coyote.AbstractProtocol;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/**
 * A second door of this server, for itself: plain HTTP on a free port of the loopback address,
 * whatever the first one speaks. It opens nothing without a key, as the first does.
 */
@Component
@Profile("server")
class Loopback implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
  private final Connector connector = new Connector();

  @Override
  public void customize(TomcatServletWebServerFactory server) {
    connector.setPort(0);
    if (connector.getProtocolHandler() instanceof AbstractProtocol<?> http) {
      http.setAddress(InetAddress.getLoopbackAddress());
      http.setExecutor(new VirtualThreadExecutor("loopback-"));
    }
    server.addAdditionalConnectors(connector);
  }

  /** Where the API answers. */
  URI address() {
    int port = connector.getLocalPort();
    if (port <= 0) throw new IllegalStateException("the server does not listen yet");
    return URI.create("http://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + port);
  }
}
