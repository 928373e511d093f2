package dev.graft.console;

import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** Any other address under the console, told as a page. */
@Controller
@Profile("server")
class NoSuchPageController {
  @GetMapping("/console/**")
  String any() {
    throw Refused.notFound("page");
  }
}
