package dev.graft.console;

import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.BearerFilter;
import dev.graft.platform.FailedAuthentications;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.authentication.session.NullAuthenticatedSessionStrategy;
import org.springframework.security.web.csrf.CsrfFilter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.web.util.UriUtils;

/** The console's chain: a cookie instead of a header, and a token in every form. */
@Configuration(proxyBeanMethods = false)
class ConsoleSecurity {
  static final String SIGN_IN = "/console/sign-in";
  static final String STALE = "/console/stale";

  /** Everything is from here; no script in a page, no page in a frame. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

  @Bean
  @Order(90)
  SecurityFilterChain consolePages(
      HttpSecurity http, List<BearerAuthenticator> authenticators, FailedAuthentications failures)
      throws Exception {
    return http.securityMatcher("/", "/favicon.ico", "/console", "/console/**")
        .csrf(
            csrf ->
                csrf.csrfTokenRepository(ConsoleCookies.formTokens())
                    // Every request signs in anew, by its cookie: its page's token stays good.
                    .sessionAuthenticationStrategy(new NullAuthenticatedSessionStrategy()))
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .headers(ConsoleSecurity::ownThingsOnly)
        .addFilterBefore(
            new BearerFilter(BearerAuthenticator.ofTheApi(authenticators), failures),
            AnonymousAuthenticationFilter.class)
        .addFilterBefore(new CookieAsBearer(), BearerFilter.class)
        .addFilterBefore(
            new OwnPagesOnly((request, response, e) -> stale(request, response)), CsrfFilter.class)
        .authorizeHttpRequests(
            requests ->
                requests
                    .dispatcherTypeMatchers(
                        DispatcherType.ERROR, DispatcherType.ASYNC, DispatcherType.FORWARD)
                    .permitAll()
                    .requestMatchers("/", "/favicon.ico", SIGN_IN, "/console/assets/**")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .exceptionHandling(
            handling ->
                handling
                    .authenticationEntryPoint((request, response, e) -> signIn(request, response))
                    .accessDeniedHandler((request, response, e) -> stale(request, response)))
        .build();
  }

  private static void ownThingsOnly(HeadersConfigurer<HttpSecurity> headers) {
    headers
        .contentSecurityPolicy(policy -> policy.policyDirectives(POLICY))
        .referrerPolicy(policy -> policy.policy(ReferrerPolicy.SAME_ORIGIN));
  }

  /** A form with another token than its browser's: it lay open while the cookie went. */
  private static void stale(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    if (request.getRequestURI().equals(SIGN_IN)) {
      signIn(request, response);
    } else {
      request.getRequestDispatcher(STALE).forward(request, response);
    }
  }

  /** To the sign-in page, and from there back; htmx is told to take the whole page there. */
  static void signIn(HttpServletRequest request, HttpServletResponse response) throws IOException {
    boolean part = request.getHeader("hx-request") != null;
    String back = part ? request.getHeader("hx-current-url") : page(request);
    String to = SIGN_IN + (back == null ? "" : "?to=" + encoded(Destination.of(back)));
    if (part) {
      response.setHeader("hx-redirect", to);
      response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    } else {
      response.sendRedirect(to);
    }
  }

  private static String encoded(String path) {
    return UriUtils.encodeQueryParam(path, StandardCharsets.UTF_8).replace("&", "%26");
  }

  private static String page(HttpServletRequest request) {
    if (!request.getMethod().equals("GET")) return Destination.HOME;
    String query = request.getQueryString();
    return request.getRequestURI() + (query == null ? "" : "?" + query);
  }
}
