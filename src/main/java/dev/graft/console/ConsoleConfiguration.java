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

/** How the console asks the API. */
@Configuration(proxyBeanMethods = false)
class ConsoleConfiguration {
  /** An answer of a model on a slow machine. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** Reads what it knows of an answer: the API may say more tomorrow. */
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

  /** For files, which take as long as they take: a read timeout is one of the whole exchange. */
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
        // The port is known when the server listens and not before.
        .baseUrl("http://loopback")
        .requestFactory((uri, method) -> requests.createRequest(loopback.here(uri), method))
        .configureMessageConverters(
            converters -> converters.withJsonConverter(new JacksonJsonHttpMessageConverter(JSON)))
        // An initializer, for an interceptor would hold a whole upload in memory.
        .requestInitializer(
            request -> {
              HttpServletRequest page = page();
              request.getHeaders().set(HttpHeaders.AUTHORIZATION, credential(page));
              address.tell(page, request.getHeaders());
            })
        .defaultStatusHandler(
            HttpStatusCode::isError,
            (request, answer) -> {
              throw ConsoleAdvice.PageRefused.of(answer);
            })
        .build();
  }

  /** That is asked for now. */
  private static HttpServletRequest page() {
    if (RequestContextHolder.currentRequestAttributes()
        instanceof ServletRequestAttributes attributes) {
      return attributes.getRequest();
    }
    throw new IllegalStateException("no page was asked for");
  }

  /** Of whoever asked for the page: {@code CookieAsBearer}. */
  private static String credential(HttpServletRequest page) {
    String header = page.getHeader(HttpHeaders.AUTHORIZATION);
    return header == null ? "" : header;
  }

  /**
   * A second door of this server, for itself: plain HTTP on a free port of the loopback address,
   * whatever the first one speaks. It opens nothing without a key, as the first does.
   */
  @Component
  static class Loopback implements WebServerFactoryCustomizer<TomcatServletWebServerFactory> {
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

  /**
   * What the console asks of the API is asked from where the browser is, as the audit log has it.
   * The word that says so is new at every start and known to this server alone.
   */
  @Component
  @Order(Ordered.HIGHEST_PRECEDENCE)
  static class BrowserAddress extends OncePerRequestFilter {
    private static final String HEADER = "x-graft-browser-address";

    private final String word = Secrets.next("") + " ";

    /** Tells the API where a page is looked at. */
    void tell(HttpServletRequest page, HttpHeaders toTheApi) {
      toTheApi.set(HEADER, word + page.getRemoteAddr());
    }

    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      String told = request.getHeader(HEADER);
      boolean ours = told != null && told.length() > word.length() && startsWithTheWord(told);
      chain.doFilter(ours ? new From(request, told.substring(word.length())) : request, response);
    }

    private boolean startsWithTheWord(String told) {
      return MessageDigest.isEqual(
          Secrets.hash(word), Secrets.hash(told.substring(0, word.length())));
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

  /** Files on their way between browser and API, never whole in memory. */
  @Component
  static class Relay {
    private static final List<String> TOLD =
        List.of(
            HttpHeaders.CONTENT_TYPE,
            HttpHeaders.CONTENT_LENGTH,
            HttpHeaders.CONTENT_DISPOSITION,
            HttpHeaders.ETAG);

    private final RestClient api;

    Relay(RestClient relayClient) {
      this.api = relayClient;
    }

    /** Sends a file of the API to a browser, which saves it. */
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
                for (String name : TOLD) {
                  String value = headers.getFirst(name);
                  if (value != null) to.setHeader(name, value);
                }
                // What a department has uploaded is saved, never shown as a page of ours.
                if (!to.containsHeader(HttpHeaders.CONTENT_DISPOSITION)) {
                  to.setHeader(HttpHeaders.CONTENT_DISPOSITION, "attachment");
                }
                try (InputStream bytes = answer.getBody()) {
                  bytes.transferTo(to.getOutputStream());
                }
                return null;
              });
    }

    /** Sends the form that a browser uploads to the API as it comes. */
    public FilesConsoleController.DataFileView upload(HttpServletRequest from) {
      FilesConsoleController.DataFileView made =
          api.post()
              .uri("/v1/files")
              .header(HttpHeaders.CONTENT_TYPE, from.getContentType())
              .body(out -> from.getInputStream().transferTo(out))
              .retrieve()
              .body(FilesConsoleController.DataFileView.class);
      if (made == null) throw new IllegalStateException("the API answered an upload with nothing");
      return made;
    }
  }
}
