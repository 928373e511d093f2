package dev.graft;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The one entry point: {@code graft <command>}; see {@link dev.graft.cli}. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GraftApplication {
  public static void main(String[] arguments) {
    System.exit(dev.graft.cli.GraftCommand.run(arguments));
  }
}
