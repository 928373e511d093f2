package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion.Mismatch;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.platform.BearerFilter;
import dev.graft.platform.FailedAuthentications;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The security filter chain of the worker API. It accepts only worker credentials, and no other
 * chain accepts them.
 */
@Configuration(proxyBeanMethods = false)
class WorkerSecurity {
  @Bean
  @Order(10)
  SecurityFilterChain workerApi(
      HttpSecurity http, Workers.WorkerCredentials credentials, FailedAuthentications failures)
      throws Exception {
    return http.securityMatcher(LeaseWire.PATH + "/**")
        .csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .addFilterBefore(
            new BearerFilter(List.of(credentials), failures), AnonymousAuthenticationFilter.class)
        .addFilterBefore(new WorkerConnections.WorkerConnectionsFilter(), BearerFilter.class)
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
                            "The worker's credential expired at %s: start the worker again with a new join token. For a worker of an earlier release, delete credential.json in its directory first"
                                .formatted(end)))
                .orElseGet(
                    () ->
                        WorkerErrors.envelope(
                            "worker_unknown",
                            "The worker's credential is missing, unknown or revoked")));
  }

  /**
   * Sends the server's protocol version with every answer, and asks for a renewal of credentials
   * that expire soon. A worker with another version gets no work.
   */
  static final class WorkerVersionFilter extends OncePerRequestFilter {
    private static final Set<String> NEW_WORK =
        Set.of(LeaseWire.PATH + "/join", LeaseWire.PATH + "/leases");

    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      response.setHeader(ProtocolVersion.HEADER, Integer.toString(ProtocolVersion.CURRENT));
      if (request.getAttribute(BearerFilter.PRINCIPAL) instanceof WorkerPrincipal worker
          && worker.renewalDue()) {
        response.setHeader(LeaseWire.RENEWAL_DUE_HEADER, "1");
      }
      Optional<Mismatch> mismatch =
          NEW_WORK.contains(request.getRequestURI())
              ? ProtocolVersion.ofWorker(request.getHeader(ProtocolVersion.HEADER))
              : Optional.empty();
      if (mismatch.isEmpty()) {
        chain.doFilter(request, response);
        return;
      }
      response.setStatus(HttpStatus.UPGRADE_REQUIRED.value());
      response.setContentType(MediaType.APPLICATION_JSON_VALUE);
      response.setHeader("x-should-retry", "false");
      byte[] body = WorkerErrors.envelope(mismatch.get().code(), mismatch.get().sentence());
      response.getOutputStream().write(body);
    }
  }
}
