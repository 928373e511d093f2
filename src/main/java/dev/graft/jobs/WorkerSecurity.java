package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.BearerFilter;
import dev.graft.platform.FailedAuthentications;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.MediaType;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;

/**
 * The worker API's own chain: only worker credentials open it, and worker credentials open nothing
 * else.
 */
@Configuration(proxyBeanMethods = false)
class WorkerSecurity {
  @Bean
  @Order(10)
  SecurityFilterChain workerApi(
      HttpSecurity http, WorkerCredentials credentials, FailedAuthentications failures)
      throws Exception {
    return http.securityMatcher(LeaseWire.PATH + "/**")
        .csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .addFilterBefore(
            new BearerFilter(List.of(credentials), failures), AnonymousAuthenticationFilter.class)
        .addFilterBefore(new WorkerConnectionsFilter(), BearerFilter.class)
        .addFilterAfter(new WorkerVersionFilter(), AuthorizationFilter.class)
        .authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers(LeaseWire.PATH + "/join")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .exceptionHandling(
            handling ->
                handling.authenticationEntryPoint(
                    (req, res, e) ->
                        refuse(res, BearerFilter.token(req).flatMap(credentials::expired))))
        .build();
  }

  private static void refuse(HttpServletResponse response, Optional<Instant> expired)
      throws IOException {
    response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    response.setHeader("x-should-retry", "false");
    response
        .getOutputStream()
        .write(
            expired
                .map(
                    end ->
                        WorkerErrors.envelope(
                            LeaseWire.CREDENTIAL_EXPIRED,
                            "The worker's credential expired at %s: start it again with a new join token; one of an earlier release, after credential.json in its directory is deleted"
                                .formatted(end)))
                .orElseGet(
                    () ->
                        WorkerErrors.envelope(
                            "worker_unknown",
                            "The worker's credential is missing, unknown or revoked")));
  }
}
