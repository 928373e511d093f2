package dev.graft;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** Where Spring looks for beans; the program begins in {@code dev.graft.cli}. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GraftApplication {}
