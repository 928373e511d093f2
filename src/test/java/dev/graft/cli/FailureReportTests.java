package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.WebServerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class FailureReportTests {
  private final StringWriter said = new StringWriter();

  @Test
  void whatTheMachineLacksEndsWithThreeHoweverDeepTheCause() {
    assertThat(status(new IllegalStateException(new PortInUseException(8080)))).isEqualTo(3);
    assertThat(status(new MachineLacks("no disk; buy one"))).isEqualTo(3);
    assertThat(status(new IOException("x: No space left on device"))).isEqualTo(3);
    assertThat(said.toString().lines())
        .containsExactly(
            "graft: port 8080 is in use; choose another with --port",
            "graft: no disk; buy one",
            "graft: the disk is full; free some space or choose another --data-dir");
  }

  @Test
  void anythingElseEndsWithOneAndOneLine() {
    assertThat(status(new IllegalStateException("first\nsecond"))).isEqualTo(1);
    assertThat(said.toString().lines()).containsExactly("graft: first");
  }

  @Test
  void aServerThatDoesNotStartSaysWhy() {
    Exception why = new BeanCreationException("bean", "failed", new IOException("the reason"));
    assertThat(status(new WebServerException("no start", why))).isEqualTo(1);
    assertThat(said.toString().lines()).containsExactly("graft: the reason");
  }

  @Test
  void aServerThatCannotBeTrustedEndsWithThreeAndTheCure() {
    assertThat(status(new UncheckedIOException(new SSLHandshakeException("PKIX path ..."))))
        .isEqualTo(3);
    assertThat(status(new UncheckedIOException(new SSLException("No name matching x found"))))
        .isEqualTo(3);
    assertThat(said.toString().lines())
        .satisfiesExactly(
            line -> assertThat(line).contains("SSL_CERT_FILE"),
            line -> assertThat(line).endsWith("No name matching x found"));
  }

  @Test
  void aDatabaseThatIsNotThereIsNoServerThatIsNotThere() {
    SQLException refused =
        new SQLException(
            "Connection to db:5432 refused.", "08001", new ConnectException("refused"));
    assertThat(status(new BeanCreationException("bean", "failed", refused))).isEqualTo(3);
    assertThat(said.toString().lines())
        .containsExactly(
            "graft: cannot connect to the database; check spring.datasource.url: Connection to"
                + " db:5432 refused.");
  }

  @Test
  void anUnknownOptionIsAWrongRequest() {
    assertThat(GraftCommand.run("--frobnicate")).isEqualTo(2);
  }

  private int status(Exception failure) {
    return new CommandLine(new Failing(failure))
        .setErr(new PrintWriter(said))
        .setExecutionExceptionHandler(new FailureReport())
        .execute();
  }

  @Command
  record Failing(Exception failure) implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
      throw failure;
    }
  }
}
