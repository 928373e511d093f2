package dev.graft.console;

import dev.graft.platform.Secrets;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.MessageDigest;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * What the console asks of the API is asked from where the browser is, as the audit log has it. The
 * word that says so is new at every start and known to this server alone.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class BrowserAddress extends OncePerRequestFilter {
  private static final String HEADER = "x-graft-browser-address";

  private final String word = Secrets.next("") + " ";

  /** Tells the API where a page is looked at. */
  void tell(HttpServletRequest page, HttpHeaders toTheApi) {
    toTheApi.set(HEADER, word + page.getRemoteAddr());
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String told = request.getHeader(HEADER);
    boolean ours = told != null && told.length() > word.length() && startsWithTheWord(told);
    chain.doFilter(ours ? new From(request, told.substring(word.length())) : request, response);
  }

  private boolean startsWithTheWord(String told) {
    return MessageDigest.isEqual(
        Secrets.hash(word), Secrets.hash(told.substring(0, word.length())));
  }

  private static final class From extends HttpServletRequestWrapper {
    private final String address;

    From(HttpServletRequest request, String address) {
      super(request);
      this.address = address;
    }

    @Override
    public String getRemoteAddr() {
      return address;
    }
  }
}
