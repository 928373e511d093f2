package dev.graft.console;

import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;

/** What is not a page, or no longer, told as one. */
@Controller
class NoSuchPageController {
  /** Any other address under the console. */
  @GetMapping("/console/**")
  String any() {
    throw PageRefused.notFound("page");
  }

  /** A form whose page is older than what the browser knows now, forwarded to here. */
  @RequestMapping(ConsoleSecurity.STALE)
  String stale() {
    throw new PageRefused(
        HttpStatus.FORBIDDEN.value(),
        "That page had been open for too long, so nothing was done. Go back, load it again, and"
            + " send it once more.",
        List.of(),
        null);
  }
}
