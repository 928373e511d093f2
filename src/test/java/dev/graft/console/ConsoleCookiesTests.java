package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.console.ConsoleSecurity.CookieAsBearer;
import jakarta.servlet.http.Cookie;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.security.web.csrf.CsrfTokenRepository;

class ConsoleCookiesTests {
  private final MockHttpServletRequest request = new MockHttpServletRequest();
  private final MockHttpServletResponse response = new MockHttpServletResponse();

  @Test
  void underTlsNoOtherHostAndNoPlainConnectionCanPlantASession() {
    request.setSecure(true);
    CookieAsBearer.set(request, response, "ses-1");
    assertThat(response.getHeader("set-cookie"))
        .startsWith("__Host-graft_session=ses-1;")
        .contains("; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Lax")
        .doesNotContain("Domain");
    request.setCookies(new Cookie("graft_session", "planted"));
    assertThat(CookieAsBearer.token(request)).isNull();
    request.setCookies(new Cookie("__Host-graft_session", "ses-1"));
    assertThat(CookieAsBearer.token(request)).isEqualTo("ses-1");
  }

  @Test
  void noPlantedTokenOpensAFormUnderTls() {
    CsrfTokenRepository tokens = ConsoleSecurity.ConsoleCookies.formTokens();
    request.setSecure(true);
    tokens.saveToken(tokens.generateToken(request), request, response);
    assertThat(response.getHeader("set-cookie"))
        .startsWith("__Host-graft_csrf=")
        .contains("; Path=/;", "; Secure;", "; HttpOnly")
        .doesNotContain("Domain");
    assertThat(response.getCookies()[0].getAttribute("SameSite")).isEqualTo("Lax");
    request.setCookies(new Cookie("graft_csrf", "planted"));
    assertThat(tokens.loadToken(request)).isNull();
    request.setCookies(response.getCookies());
    assertThat(tokens.loadToken(request)).isNotNull();
  }

  @Test
  void withoutTlsTheNamesArePlain() {
    CookieAsBearer.set(request, response, "ses-1");
    assertThat(response.getHeader("set-cookie")).startsWith("graft_session=ses-1;");
    request.setCookies(new Cookie("graft_session", "ses-1"));
    assertThat(CookieAsBearer.token(request)).isEqualTo("ses-1");
  }
}
