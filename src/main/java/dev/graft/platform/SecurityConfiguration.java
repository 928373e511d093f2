package dev.graft.platform;

import jakarta.servlet.DispatcherType;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
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
}
