package dev.graft;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test that computes for seconds and shares no server with the tests that run one after another.
 * One of them at a time runs beside those and beside one {@link OwnServer} test. Libtorch has one
 * generator of random numbers per process, so every test that trains in this process has this
 * annotation.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("libtorch")
public @interface Concurrent {}
