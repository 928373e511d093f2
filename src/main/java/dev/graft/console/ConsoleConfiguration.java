package dev.graft.console;

import dev.graft.platform.Secrets;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import org.apache.catalina.connector.Connector;
import org.apache.coyote.AbstractProtocol;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import org.springframework.web.util.UriComponentsBuilder;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** The console's HTTP client for the API. */
@Configuration(proxyBeanMethods = false)
class ConsoleConfiguration {
  /** Long enough for a model's answer on a slow machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** Ignores unknown fields of answers. */
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  @Bean
  ConsoleApi consoleApi(Loopback loopback, BrowserAddress address) {
    JdkClientHttpRequestFactory requests = requests();
    requests.setReadTimeout(PATIENCE);
    return HttpServiceProxyFactory.builderFor(
            RestClientAdapter.create(client(requests, loopback, address)))
        .build()
        .createClient(ConsoleApi.class);
  }

  /** The client for files, without a read timeout, which would limit the whole transfer. */
  @Bean
  RestClient relayClient(Loopback loopback, BrowserAddress address) {
    return client(requests(), loopback, address);
  }

  private static JdkClientHttpRequestFactory requests() {
    return new JdkClientHttpRequestFactory(
        HttpClient.newBuilder()
            .proxy(HttpClient.Builder.NO_PROXY)
            .version(HttpClient.Version.HTTP_1_1)
            .build());
  }

  private static RestClient client(
      JdkClientHttpRequestFactory requests, Loopback loopback, BrowserAddress address) {
    return RestClient.builder()
        // The port is not known before the server listens.
        .baseUrl("http://loopback")
        .requestFactory((uri, method) -> requests.createRequest(loopback.here(uri), method))
        .configureMessageConverters(
            converters -> converters.withJsonConverter(new JacksonJsonHttpMessageConverter(JSON)))
        // Not an interceptor, which would buffer a whole upload in memory.
        .requestInitializer(
            request -> {
              HttpServletRequest page = page();
              request.getHeaders().set(HttpHeaders.AUTHORIZATION, credential(page));
              address.send(page, request.getHeaders());
            })
        .defaultStatusHandler(
            HttpStatusCode::isError,
            (request, answer) -> {
              throw ConsoleAdvice.PageRefused.of(answer);
            })
        .build();
  }

  /** Returns the current request for a page. */
  private static HttpServletRequest page() {
    if (RequestContextHolder.currentRequestAttributes()
        instanceof ServletRequestAttributes attributes) {
      return attributes.getRequest();
    }
    throw new IllegalStateException("there is no current request");
  }

  /** Returns the user's credential, which {@code CookieAsBearer} has put into the header. */
  private static String credential(HttpServletRequest page) {
    String header = page.getHeader(HttpHeaders.AUTHORIZATION);
    return header == null ? "" : header;
  }

  /**
   * A second connector of this server for its own requests: plain HTTP on a free loopback port,
   * also if the main connector uses TLS. It requires a key like the main connector.
   */
  @Component
  static class Loopback implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
    private final Connector connector = new Connector();

    @Override
    public void customize(TomcatServletWebServerFactory server) {
      // The same limits and path handling as on the main connector.
      server.getConnectorCustomizers().forEach(each -> each.customize(connector));
      connector.setPort(0);
      if (connector.getProtocolHandler() instanceof AbstractProtocol<?> http) {
        http.setAddress(InetAddress.getLoopbackAddress());
        http.setExecutor(new VirtualThreadExecutor("loopback-"));
      }
      server.addAdditionalConnectors(connector);
    }

    /** Returns the API's address. */
    private URI address() {
      int port = connector.getLocalPort();
      if (port <= 0) throw new IllegalStateException("the server does not listen yet");
      return address(InetAddress.getLoopbackAddress(), port);
    }

    /** Returns the same path and query at this address. */
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

  /**
   * Makes requests of the console to the API count as requests from the browser's address, for the
   * audit log. The header is authenticated by a secret that is generated at every start and known
   * only to this server.
   */
  @Component
  @Order(Ordered.HIGHEST_PRECEDENCE)
  static class BrowserAddress extends OncePerRequestFilter {
    private static final String HEADER = "x-graft-browser-address";

    private final String secret = Secrets.next("") + " ";

    /** Adds the browser's address to a request to the API. */
    void send(HttpServletRequest page, HttpHeaders toTheApi) {
      toTheApi.set(HEADER, secret + page.getRemoteAddr());
    }

    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      String sent = request.getHeader(HEADER);
      boolean ours = sent != null && sent.length() > secret.length() && startsWithSecret(sent);
      chain.doFilter(ours ? new From(request, sent.substring(secret.length())) : request, response);
    }

    private boolean startsWithSecret(String sent) {
      return MessageDigest.isEqual(
          Secrets.hash(secret), Secrets.hash(sent.substring(0, secret.length())));
    }

    private static final class From extends HttpServletRequestWrapper {
      private final String address;

      From(HttpServletRequest request, String address) {
        super(request);
        this.address = address;
      }

      @Override
      public String getRemoteAddr() {
        return address;
      }
    }
  }

  /** Streams files between the browser and the API. */
  @Component
  static class Relay {
    private static final List<String> RELAYED_HEADERS =
        List.of(
            HttpHeaders.CONTENT_TYPE,
            HttpHeaders.CONTENT_LENGTH,
            HttpHeaders.CONTENT_DISPOSITION,
            HttpHeaders.ETAG);

    private final RestClient api;

    Relay(RestClient relayClient) {
      this.api = relayClient;
    }

    /** Streams a file of the API to the browser as a download. */
    public void download(HttpServletResponse to, String template, @Nullable Object... variables) {
      api.get()
          .uri(template, variables)
          .accept(MediaType.APPLICATION_OCTET_STREAM)
          .exchange(
              (request, answer) -> {
                HttpHeaders headers = answer.getHeaders();
                if (answer.getStatusCode().isError()) throw ConsoleAdvice.PageRefused.of(answer);
                URI elsewhere = headers.getLocation();
                if (answer.getStatusCode().is3xxRedirection() && elsewhere != null) {
                  to.sendRedirect(elsewhere.toString());
                  return null;
                }
                for (String name : RELAYED_HEADERS) {
                  String value = headers.getFirst(name);
                  if (value != null) to.setHeader(name, value);
                }
                // Uploaded content is always saved and never shown as a page.
                if (!to.containsHeader(HttpHeaders.CONTENT_DISPOSITION)) {
                  to.setHeader(HttpHeaders.CONTENT_DISPOSITION, "attachment");
                }
                try (InputStream bytes = answer.getBody()) {
                  bytes.transferTo(to.getOutputStream());
                }
                return null;
              });
    }

    /** Streams an upload form from the browser to the API. */
    public FilesConsoleController.DataFileView upload(HttpServletRequest from) {
      FilesConsoleController.DataFileView made =
          api.post()
              .uri("/v1/files")
              .header(HttpHeaders.CONTENT_TYPE, from.getContentType())
              .body(out -> from.getInputStream().transferTo(out))
              .retrieve()
              .body(FilesConsoleController.DataFileView.class);
      if (made == null)
        throw new IllegalStateException("the API sent an empty answer to an upload");
      return made;
    }
  }
}
