package dev.graft.platform;

import jakarta.servlet.DispatcherType;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpResponse;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.csrf.CsrfFilter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.DefaultCorsProcessor;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

/**
 * The security chain of the public API: requires a bearer key with the route's role, except for a
 * few public pages. The worker API has its own chain, which is ordered before this one.
 */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {
  private static final String[] FOR_ANYONE = {
    "/actuator/health",
    "/actuator/health/**",
    "/startupz",
    "/livez",
    "/readyz",
    "/openapi.yaml",
    "/docs",
    "/docs/*",
    "/downloads/*",
    "/.well-known/oauth-protected-resource"
  };

  @Bean
  @Order(100)
  SecurityFilterChain publicApi(
      HttpSecurity http,
      List<BearerAuthenticator> authenticators,
      FailedAuthentications failures,
      RateLimiter limiter,
      RouteGate gate,
      HttpProperties settings,
      ErrorWriter errors)
      throws Exception {
    // Before authentication, because browsers send CORS preflights without a key.
    if (!settings.allowedOrigins().isEmpty()) {
      http.addFilterBefore(CrossOrigin.filter(settings.allowedOrigins(), errors), CsrfFilter.class);
    }
    return http.csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .headers(SecurityConfiguration::nothingForBrowsers)
        .addFilterBefore(
            new BearerFilter(BearerAuthenticator.ofTheApi(authenticators), failures),
            AnonymousAuthenticationFilter.class)
        .addFilterAfter(
            new RateLimiter.RateLimitFilter(limiter, errors), AnonymousAuthenticationFilter.class)
        .authorizeHttpRequests(
            requests ->
                requests
                    .dispatcherTypeMatchers(
                        DispatcherType.ERROR, DispatcherType.ASYNC, DispatcherType.FORWARD)
                    .permitAll()
                    .requestMatchers(FOR_ANYONE)
                    .permitAll()
                    .anyRequest()
                    .access(gate))
        .exceptionHandling(
            handling ->
                handling
                    .authenticationEntryPoint(noValidKey(errors))
                    .accessDeniedHandler(
                        (request, response, e) -> errors.write(response, gate.refusal(request))))
        .build();
  }

  /**
   * Forbids browsers to run or frame answers or to send referrers, because an API serves no pages.
   * The only page, in {@code ApiDocumentController}, sets its own policy.
   */
  private static void nothingForBrowsers(HeadersConfigurer<HttpSecurity> headers) {
    headers
        .contentSecurityPolicy(
            policy -> policy.policyDirectives("default-src 'none'; frame-ancestors 'none'"))
        .referrerPolicy(policy -> policy.policy(ReferrerPolicy.NO_REFERRER));
  }

  private static AuthenticationEntryPoint noValidKey(ErrorWriter errors) {
    return (request, response, e) ->
        errors.write(
            response,
            new RequestFailed(
                ProblemType.INVALID_API_KEY,
                request.getHeader(HttpHeaders.AUTHORIZATION) == null
                    ? "The request has no API key: send the header Authorization: Bearer <key>."
                    : "The API key is unknown, expired or revoked."));
  }

  /** Prevents Spring Boot from creating a default user; there are no users with passwords. */
  @Bean
  UserDetailsService noUsers() {
    return name -> {
      throw new UsernameNotFoundException(name);
    };
  }

  /**
   * Allows configured origins to call this server from a browser (CORS, WHATWG Fetch). Keys are
   * sent in a header, never as cookies, so credentials are not allowed.
   */
  static final class CrossOrigin {
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    /** The response headers that a page may read, which SDKs use. */
    private static final List<String> READABLE =
        List.of(
            "x-request-id",
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
            "x-should-retry",
            "x-checksum-sha256",
            "x-graft-model",
            "deprecation",
            "sunset",
            "link",
            "retry-after-ms",
            HttpHeaders.RETRY_AFTER,
            HttpHeaders.ETAG,
            HttpHeaders.CONTENT_RANGE,
            HttpHeaders.CONTENT_DISPOSITION);

    private CrossOrigin() {}

    /**
     * @param origins such as {@code https://portal.example}, exactly as browsers send them
     * @throws IllegalArgumentException if one is not an origin
     */
    static CorsFilter filter(List<String> origins, ErrorWriter errors) {
      CorsConfiguration allowed = new CorsConfiguration();
      for (String origin : origins) allowed.addAllowedOrigin(checked(origin));
      allowed.setAllowedMethods(List.of("GET", "HEAD", "POST", "DELETE"));
      allowed.addAllowedHeader(CorsConfiguration.ALL);
      allowed.setExposedHeaders(READABLE);
      allowed.setMaxAge(REMEMBERED);
      UrlBasedCorsConfigurationSource everywhere = new UrlBasedCorsConfigurationSource();
      everywhere.registerCorsConfiguration("/v1/**", allowed);
      CorsFilter filter = new CorsFilter(everywhere);
      filter.setCorsProcessor(new Envelope(errors));
      return filter;
    }

    private static String checked(String origin) {
      try {
        URI uri = URI.create(origin);
        boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
        if (web && uri.getHost() != null && origin.equals(originOf(uri))) return origin;
      } catch (IllegalArgumentException e) {
        // reported below
      }
      throw new IllegalArgumentException(
          "graft.http.allowed-origins: '%s' is not an origin of scheme, host and port, such as"
                  .formatted(origin)
              + " https://portal.example");
    }

    private static String originOf(URI uri) {
      return uri.getScheme()
          + "://"
          + uri.getHost()
          + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    /** Writes CORS refusals as OpenAI errors. */
    private static final class Envelope extends DefaultCorsProcessor {
      private final ErrorWriter errors;

      Envelope(ErrorWriter errors) {
        this.errors = errors;
      }

      @Override
      protected void rejectRequest(ServerHttpResponse response) throws IOException {
        if (!(response instanceof ServletServerHttpResponse servlet)) {
          throw new IllegalStateException("the response is not a servlet response");
        }
        errors.write(
            servlet.getServletResponse(),
            new RequestFailed(
                ProblemType.PERMISSION_DENIED,
                "Web pages of this origin may not call this server; graft.http.allowed-origins"
                    + " lists the origins that may."));
      }
    }
  }
}
