package dev.graft.platform;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Errors that the container or a filter raises outside any controller. */
@RestController
class ErrorRoute implements ErrorController {
  @RequestMapping("/error")
  ResponseEntity<ErrorEnvelope> error(HttpServletRequest request) {
    int status =
        request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code
            ? code
            : 404;
    return ErrorAdvice.render(StatusProblems.of(status, request));
  }
}
