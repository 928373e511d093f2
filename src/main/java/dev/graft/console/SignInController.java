package dev.graft.console;

import dev.graft.console.ConsoleSecurity.Destination;
import dev.graft.platform.FailedAuthentications;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.WebSessions;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Signs in with a key, and out. */
@Controller
class SignInController {
  private final WebSessions sessions;
  private final FailedAuthentications failures;

  SignInController(WebSessions sessions, FailedAuthentications failures) {
    this.sessions = sessions;
    this.failures = failures;
  }

  @GetMapping({"/", "/console", "/console/"})
  String start(@AuthenticationPrincipal @Nullable Identity caller) {
    return "redirect:" + (caller == null ? ConsoleSecurity.SIGN_IN : new Visitor(caller).home());
  }

  @GetMapping(ConsoleSecurity.SIGN_IN)
  String form(
      @AuthenticationPrincipal @Nullable Identity caller,
      @RequestParam @Nullable String to,
      Model model) {
    if (caller != null) return "redirect:" + Destination.of(to);
    model.addAttribute("to", Destination.of(to));
    return "sign-in";
  }

  @PostMapping(ConsoleSecurity.SIGN_IN)
  String signIn(
      HttpServletRequest request,
      HttpServletResponse response,
      @RequestParam String key,
      @RequestParam @Nullable String to,
      Model model) {
    failures.requireFew(request);
    Optional<String> token = sessions.open(key.strip());
    if (token.isPresent()) {
      ConsoleSecurity.CookieAsBearer.set(request, response, token.get());
      return "redirect:" + Destination.of(to);
    }
    failures.failed(request);
    response.setStatus(HttpServletResponse.SC_UNAUTHORIZED);
    model.addAttribute("to", Destination.of(to));
    model.addAttribute("wrong", true);
    return "sign-in";
  }

  @PostMapping("/console/sign-out")
  String signOut(HttpServletRequest request, HttpServletResponse response) {
    String token = ConsoleSecurity.CookieAsBearer.token(request);
    if (token != null) sessions.close(token);
    ConsoleSecurity.CookieAsBearer.remove(request, response);
    return "redirect:" + ConsoleSecurity.SIGN_IN;
  }
}
