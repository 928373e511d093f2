package dev.graft.workers;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.security.BearerFilter;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
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
  SecurityFilterChain workerApi(HttpSecurity http, Workers workers) throws Exception {
    return http.securityMatcher(LeaseWire.PATH + "/**")
        .csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .addFilterBefore(new BearerFilter(List.of(workers)), AnonymousAuthenticationFilter.class)
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
            handling -> handling.authenticationEntryPoint((req, res, e) -> refuse(res)))
        .build();
  }

  private static void refuse(HttpServletResponse response) throws IOException {
    response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    response.setHeader("x-should-retry", "false");
    response
        .getOutputStream()
        .write(
            WorkerErrors.envelope(
                "worker_unknown", "The worker's credential is missing, unknown or revoked"));
  }
}
