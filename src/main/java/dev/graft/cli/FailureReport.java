package dev.graft.cli;

import dev.graft.client.ApiRefused;
import dev.graft.client.NoAnswer;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.RequestFailed;
import java.net.BindException;
import java.net.ConnectException;
import java.nio.file.AccessDeniedException;
import java.nio.file.ReadOnlyFileSystemException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.springframework.beans.BeansException;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.WebServerException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/**
 * Prints in one line why a command failed, and chooses the exit status. {@code GRAFT_DEBUG=1} adds
 * the stack trace.
 */
final class FailureReport implements IExecutionExceptionHandler {
  private static final int FAILED = 1;
  private static final int WRONG_REQUEST = 2;
  private static final int MACHINE_LACKS = 3;

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine command, ParseResult parseResult) {
    if (System.getenv("GRAFT_DEBUG") != null) failure.printStackTrace(command.getErr());
    var lack = lack(failure);
    command.getErr().println("graft: " + lack.orElseGet(() -> line(failure)));
    command.getErr().flush();
    if (lack.isPresent()) return MACHINE_LACKS;
    return wrong(failure) ? WRONG_REQUEST : FAILED;
  }

  private static boolean wrong(Exception failure) {
    return switch (failure) {
      case RequestFailed problem -> problem.type().status() < 500;
      case ApiRefused refused -> refused.status() < 500;
      default -> false;
    };
  }

  /** Returns what the machine lacks, if that is the cause of the failure at any depth. */
  private static Optional<String> lack(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = Objects.requireNonNullElse(cause.getMessage(), "");
      if (cause instanceof MachineLacks || cause instanceof DeviceUnavailable) {
        return Optional.of(message);
      }
      if (ofServer(cause) && cause instanceof PortInUseException port) {
        return Optional.of(
            "port %d is in use; choose another with --port".formatted(port.getPort()));
      }
      if (cause instanceof SQLException database && ofConnection(database)) {
        return Optional.of(
            "cannot connect to the database; check spring.datasource.url: "
                + message.lines().findFirst().orElse(""));
      }
      if (cause instanceof ConnectException) {
        return Optional.of(
            "cannot connect to the server%s; check that it runs and that --server is correct"
                .formatted(address(failure)));
      }
      if (cause instanceof SSLException) return Optional.of(untrusted(message));
      if (cause instanceof BindException) {
        return Optional.of("the port is in use; choose another with --port");
      }
      if (cause instanceof AccessDeniedException) {
        return Optional.of("no permission to write " + message + "; choose another directory");
      }
      if (cause instanceof ReadOnlyFileSystemException) {
        return Optional.of("the file system is read-only; choose another directory");
      }
      if (message.contains("No space left on device")) {
        return Optional.of("the disk is full; free some space or choose another --data-dir");
      }
    }
    return Optional.empty();
  }

  /** Returns whether the connection failed (SQLSTATE class 08). */
  private static boolean ofConnection(SQLException failure) {
    return Objects.requireNonNullElse(failure.getSQLState(), "").startsWith("08");
  }

  /** Returns the address of the server that did not answer, if it is known. */
  private static String address(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NoAnswer none) return " " + none.server();
    }
    return "";
  }

  private static String untrusted(String why) {
    if (why.contains("unrecognized SSL message")) {
      return "the server does not use TLS on this port; use http:// or its TLS port";
    }
    if (why.contains("PKIX")) {
      return "the server's certificate is not signed by a trusted authority; set SSL_CERT_FILE (for"
          + " a worker GRAFT_WORKER_CERTIFICATE_AUTHORITIES) to the PEM file of its"
          + " authority";
    }
    return "the TLS connection to the server failed: " + why;
  }

  private static String line(Throwable outer) {
    // Spring's outer exceptions name the bean or server; the reason is in their cause.
    Throwable failure = reason(outer);
    String message = failure.getMessage();
    if (ofServer(failure) && failure instanceof FlywayValidateException && message != null) {
      return "the database belongs to another version of Graft: "
          + message.lines().skip(1).findFirst().orElse(message).strip();
    }
    if (message == null || message.isBlank()) return failure.getClass().getSimpleName();
    return message.lines().findFirst().orElse(message).strip();
  }

  private static Throwable reason(Throwable failure) {
    Throwable cause = failure;
    while (ofServer(cause)
        && (cause instanceof BeansException || cause instanceof WebServerException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** Checks by name first, so that a failed client command does not load Spring's classes. */
  private static boolean ofServer(Throwable failure) {
    String name = failure.getClass().getName();
    return name.startsWith("org.springframework.") || name.startsWith("org.flywaydb.");
  }
}
