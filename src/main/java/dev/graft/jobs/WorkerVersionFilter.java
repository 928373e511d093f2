package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion.Mismatch;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.platform.BearerFilter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Tells every worker what this server speaks, and when it needs another credential; gives no work
 * to one that speaks another.
 */
final class WorkerVersionFilter extends OncePerRequestFilter {
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
    Mismatch told = mismatch.get();
    response.getOutputStream().write(WorkerErrors.envelope(told.code(), told.sentence()));
  }
}
