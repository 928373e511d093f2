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
 * The public API's chain: a bearer key that may do what the route asks for, except on a few pages
 * for anyone. The worker API has a chain of its own, ordered before this one.
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
    // Before any key is asked for: a browser asks without one whether it may ask.
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
   * An API serves no pages: nothing in an answer may be run, framed or told to others. The one page
   * there is says what it needs itself: {@code ApiDocumentController}.
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
                    ? "No API key was given: send Authorization: Bearer <key>."
                    : "The API key is unknown, expired or revoked."));
  }

  /** There are no users with passwords; without this bean Spring Boot would invent one. */
  @Bean
  UserDetailsService noUsers() {
    return name -> {
      throw new UsernameNotFoundException(name);
    };
  }
}
