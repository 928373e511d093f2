package dev.graft.platform;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import tools.jackson.databind.json.JsonMapper;

/**
 * The public API's chain: a bearer key for everything under {@code /v1}, a few pages for anyone,
 * nothing else. The worker API has a chain of its own, ordered before this one.
 */
@Configuration(proxyBeanMethods = false)
@Profile("server")
class SecurityConfiguration {
  @Bean
  @Order(100)
  SecurityFilterChain publicApi(
      HttpSecurity http, List<BearerAuthenticator> authenticators, JsonMapper json)
      throws Exception {
    return http.csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .addFilterBefore(new BearerFilter(api(authenticators)), AnonymousAuthenticationFilter.class)
        .authorizeHttpRequests(
            requests ->
                requests
                    .dispatcherTypeMatchers(DispatcherType.ERROR, DispatcherType.ASYNC)
                    .permitAll()
                    .requestMatchers(
                        "/actuator/health/**",
                        "/actuator/health",
                        "/openapi.json",
                        "/v3/api-docs",
                        "/v3/api-docs.yaml",
                        "/openapi.json.yaml",
                        "/openapi.yaml")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .exceptionHandling(
            handling ->
                handling
                    .authenticationEntryPoint(
                        (request, response, e) -> refuse(request, response, json))
                    .accessDeniedHandler(
                        (request, response, e) ->
                            write(
                                response,
                                json,
                                new ProblemException(
                                    ProblemType.PERMISSION_DENIED, "This key may not do that"))))
        .build();
  }

  /** OpenAI model ids may hold a slash, which SDKs send as {@code %2F}. */
  @Bean
  HttpFirewall firewall() {
    StrictHttpFirewall firewall = new StrictHttpFirewall();
    firewall.setAllowUrlEncodedSlash(true);
    firewall.setAllowUrlEncodedPercent(true);
    return firewall;
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> encodedSlashes() {
    return tomcat ->
        tomcat.addConnectorCustomizers(
            connector ->
                connector.setEncodedSolidusHandling(
                    EncodedSolidusHandling.PASS_THROUGH.getValue()));
  }

  private static BearerAuthenticator api(List<BearerAuthenticator> authenticators) {
    return authenticators.stream()
        .filter(a -> a.surface() == BearerAuthenticator.Surface.API)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("nobody checks API keys"));
  }

  private static void refuse(
      HttpServletRequest request, HttpServletResponse response, JsonMapper json)
      throws IOException {
    String message =
        request.getHeader("Authorization") == null
            ? "No API key was given: send Authorization: Bearer <key>"
            : "The API key is unknown, expired or revoked";
    write(response, json, new ProblemException(ProblemType.INVALID_API_KEY, message));
  }

  private static void write(HttpServletResponse response, JsonMapper json, ProblemException problem)
      throws IOException {
    response.setStatus(problem.type().status());
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    response.getOutputStream().write(json.writeValueAsBytes(ErrorEnvelope.of(problem)));
  }
}
