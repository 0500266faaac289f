package rig;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.codehaus.groovy.ast.ASTNode;
import org.codehaus.groovy.ast.ClassCodeVisitorSupport;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.expr.ConstantExpression;
import org.codehaus.groovy.ast.expr.ConstructorCallExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.GStringExpression;
import org.codehaus.groovy.ast.expr.ListExpression;
import org.codehaus.groovy.ast.expr.MethodCallExpression;
import org.codehaus.groovy.ast.expr.PropertyExpression;
import org.codehaus.groovy.ast.expr.TupleExpression;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;

/**
 * Refuses sources that reach around the steps to the controller's own files, processes, network or threads, and what a
 * real controller's sandbox refused.
 */
final class ForbiddenCalls extends CompilationCustomizer {
    private static final Set<String> CONSTRUCTORS = Set.of(
        "File", "FileInputStream", "FileOutputStream", "FileReader", "FileWriter", "GroovyShell", "ProcessBuilder",
        "Socket", "Thread", "URL");
    private static final Map<String, List<String>> STATIC_MEMBERS = Map.of(
        "System", List.of("exit", "getenv", "getProperty", "setProperty"),
        "Thread", List.of("sleep", "start"),
        "Runtime", List.of("getRuntime", "runtime"),
        "Jenkins", List.of("get", "getInstance", "getInstanceOrNull", "instance"),
        "Files", List.of("createTempFile", "copy", "delete", "newInputStream", "readAllBytes", "write"));
    private static final List<String> NOT_IN_THE_SANDBOX = List.of(
        "asImmutable", "dump", "encodeBase64", "encodeHex", "inspect", "toBigDecimal", "toBigInteger", "toURL",
        "withIndex");

    ForbiddenCalls() {
        super(CompilePhase.CONVERSION);
    }

    @Override
    public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
        new Visitor(source).visitClass(type);
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
        public void visitConstructorCallExpression(ConstructorCallExpression call) {
            String type = call.getType().getNameWithoutPackage();
            if (CONSTRUCTORS.contains(type)) {
                refuse("new " + type, call);
            }
            super.visitConstructorCallExpression(call);
        }

        @Override
        public void visitMethodCallExpression(MethodCallExpression call) {
            String method = call.getMethodAsString();
            refuseMember(call.getObjectExpression(), method, call);
            if ("execute".equals(method) && isCommand(call.getObjectExpression())) {
                refuse("execute() of a command", call);
            }
            if ("findAll".equals(method) && isWithoutArguments(call.getArguments())) {
                throw violation("The sandbox does not let findAll() be called without a closure", call);
            }
            if (NOT_IN_THE_SANDBOX.contains(String.valueOf(method))) {
                throw violation("The sandbox does not let " + method + "() be called", call);
            }
            super.visitMethodCallExpression(call);
        }

        @Override
        public void visitPropertyExpression(PropertyExpression property) {
            refuseMember(property.getObjectExpression(), property.getPropertyAsString(), property);
            super.visitPropertyExpression(property);
        }

        private void refuseMember(Expression object, String member, ASTNode place) {
            String type = object.getText().replaceFirst(".*\\.", "");
            if (STATIC_MEMBERS.getOrDefault(type, List.of()).contains(String.valueOf(member))) {
                refuse(type + "." + member, place);
            }
        }

        private static boolean isCommand(Expression object) {
            return object instanceof ConstantExpression || object instanceof GStringExpression
                || object instanceof ListExpression;
        }

        private static boolean isWithoutArguments(Expression arguments) {
            return arguments instanceof TupleExpression given && given.getExpressions().isEmpty();
        }

        private void refuse(String what, ASTNode place) {
            throw violation(what + " works on the controller, not through a step", place);
        }

        private Violation violation(String said, ASTNode place) {
            return new Violation(
                said + ": " + Path.of(source.getName()).getFileName() + ":" + place.getLineNumber());
        }
    }
}
