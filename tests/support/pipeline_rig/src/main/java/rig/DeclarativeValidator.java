package rig;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.codehaus.groovy.ast.ASTNode;
import org.codehaus.groovy.ast.ClassCodeVisitorSupport;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.expr.ClosureExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.MethodCallExpression;
import org.codehaus.groovy.ast.expr.TupleExpression;
import org.codehaus.groovy.ast.stmt.BlockStatement;
import org.codehaus.groovy.ast.stmt.ExpressionStatement;
import org.codehaus.groovy.ast.stmt.Statement;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;
import org.codehaus.groovy.control.messages.SyntaxErrorMessage;
import org.codehaus.groovy.syntax.SyntaxException;

/** Checks the shape of a declarative pipeline when it is compiled, in Jenkins' words. */
final class DeclarativeValidator extends CompilationCustomizer {
    private static final Set<String> PIPELINE_SECTIONS = Set.of(
        "agent", "environment", "options", "parameters", "post", "stages", "triggers");
    private static final Set<String> STAGE_SECTIONS = Set.of(
        "agent", "environment", "failFast", "input", "options", "parallel", "post", "stages", "steps", "when");
    private static final List<String> STAGE_BODIES = List.of("steps", "stages", "parallel");

    DeclarativeValidator() {
        super(CompilePhase.CONVERSION);
    }

    @Override
    public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
        new Visitor(source).visitClass(type);
    }

    /** One {@code name arguments} line of a section. */
    private record Line(String name, List<Expression> arguments, ASTNode place) {
        ClosureExpression block() {
            boolean ends = !arguments.isEmpty() && arguments.get(arguments.size() - 1) instanceof ClosureExpression;
            return ends ? (ClosureExpression) arguments.get(arguments.size() - 1) : null;
        }

        String label() {
            return arguments.isEmpty() ? "" : arguments.get(0).getText();
        }
    }

    private static final class Visitor extends ClassCodeVisitorSupport {
        private final SourceUnit source;

        Visitor(SourceUnit source) {
            this.source = source;
        }

        @Override
        protected SourceUnit getSourceUnit() {
            return source;
        }

        @Override
        public void visitMethodCallExpression(MethodCallExpression call) {
            Line line = line(call);
            if (call.isImplicitThis() && "pipeline".equals(line.name()) && line.arguments().size() == 1
                && line.block() != null) {
                pipeline(line);
            } else {
                super.visitMethodCallExpression(call);
            }
        }

        private void pipeline(Line pipeline) {
            List<Line> sections = lines(pipeline.block());
            Set<String> seen = new HashSet<>();
            for (Line section : sections) {
                if (!PIPELINE_SECTIONS.contains(section.name())) {
                    refuse("Undefined section \"" + section.name() + "\"", section.place());
                }
                once(section, seen);
                switch (section.name()) {
                    case "stages" -> stages(section);
                    case "post" -> post(section);
                    default -> { }
                }
            }
            for (String required : List.of("agent", "stages")) {
                if (!seen.contains(required)) {
                    refuse("Missing required section \"" + required + "\"", pipeline.place());
                }
            }
        }

        private void once(Line section, Set<String> seen) {
            if (!seen.add(section.name())) {
                refuse("Multiple occurrences of the " + section.name() + " section", section.place());
            }
        }

        private void stages(Line stages) {
            List<Line> all = stages.block() == null ? List.of() : lines(stages.block());
            if (all.isEmpty()) {
                refuse("No stages specified", stages.place());
            }
            for (Line stage : all) {
                if (stage.name().equals("stage") && stage.arguments().size() == 2 && stage.block() != null) {
                    stage(stage);
                } else {
                    refuse("Expected a stage", stage.place());
                }
            }
        }

        private void stage(Line stage) {
            Set<String> seen = new HashSet<>();
            for (Line section : lines(stage.block())) {
                if (!STAGE_SECTIONS.contains(section.name())) {
                    refuse("Unknown stage section \"" + section.name() + "\". Starting with version 0.5, steps in a"
                        + " stage must be in a ‘steps’ block.", section.place());
                }
                once(section, seen);
                switch (section.name()) {
                    case "steps" -> steps(section);
                    case "stages", "parallel" -> stages(section);
                    case "post" -> post(section);
                    default -> { }
                }
            }
            if (STAGE_BODIES.stream().filter(seen::contains).count() != 1) {
                refuse("Expected one of \"steps\", \"stages\", or \"parallel\" for stage \"" + stage.label() + "\"",
                    stage.place());
            }
        }

        private void post(Line post) {
            for (Line condition : lines(post.block())) {
                if (PipelineModel.POST_CONDITIONS.contains(condition.name()) && condition.arguments().size() == 1
                    && condition.block() != null) {
                    steps(condition);
                } else {
                    refuse("The ‘post’ section can only contain build condition names with code blocks. Valid"
                        + " condition names are " + PipelineModel.POST_CONDITIONS, condition.place());
                }
            }
        }

        private void steps(Line section) {
            List<Statement> statements = statements(section.block());
            if (statements.isEmpty()) {
                refuse("No steps specified for branch", section.place());
            }
            statements.forEach(this::step);
        }

        private void step(Statement statement) {
            if (!(statement instanceof ExpressionStatement expression)
                || !(expression.getExpression() instanceof MethodCallExpression call)) {
                refuse("Expected a step", statement);
                return;
            }
            if (!call.isImplicitThis()) {
                refuse("Method calls on objects not allowed outside \"script\" blocks.", statement);
                return;
            }
            Line step = line(call);
            if (step.block() != null && !step.name().equals("script")) {
                statements(step.block()).forEach(this::step);
            }
        }

        private List<Line> lines(ClosureExpression block) {
            List<Line> lines = new ArrayList<>();
            for (Statement statement : statements(block)) {
                if (statement instanceof ExpressionStatement expression
                    && expression.getExpression() instanceof MethodCallExpression call && call.isImplicitThis()) {
                    lines.add(line(call));
                } else {
                    refuse("Not a valid section definition: \"" + statement.getText() + "\".", statement);
                }
            }
            return lines;
        }

        private static List<Statement> statements(ClosureExpression block) {
            return block != null && block.getCode() instanceof BlockStatement code ? code.getStatements() : List.of();
        }

        private static Line line(MethodCallExpression call) {
            List<Expression> arguments = call.getArguments() instanceof TupleExpression several
                ? several.getExpressions()
                : List.of(call.getArguments());
            return new Line(String.valueOf(call.getMethodAsString()), arguments, call);
        }

        private void refuse(String message, ASTNode place) {
            source.getErrorCollector().addErrorAndContinue(new SyntaxErrorMessage(
                new SyntaxException(message, place.getLineNumber(), place.getColumnNumber()), source));
        }
    }
}
