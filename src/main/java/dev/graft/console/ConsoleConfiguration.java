package dev.graft.console;

import jakarta.servlet.http.HttpServletRequest;
import java.net.http.HttpClient;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
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
              throw PageRefused.of(answer);
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
}
