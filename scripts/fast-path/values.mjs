/**
 * What is known of an expression before the program runs: constants, constant parts of sums, constant tables.
 *
 * In:  expressions of the hot TypeScript.  Out: numbers as AssemblyScript writes them.
 */
import ts from 'typescript';

const FLOAT_TEXT = /^\d[\d_]*(\.\d+|e\d+|\.\d+e\d+)$/i;

const FOLDED = new Map([
  [ts.SyntaxKind.PlusToken, (a, b) => a + b],
  [ts.SyntaxKind.MinusToken, (a, b) => a - b],
  [ts.SyntaxKind.AsteriskToken, (a, b) => a * b],
  [ts.SyntaxKind.BarToken, (a, b) => a | b],
  [ts.SyntaxKind.AmpersandToken, (a, b) => a & b],
  [ts.SyntaxKind.CaretToken, (a, b) => a ^ b],
  [ts.SyntaxKind.LessThanLessThanToken, (a, b) => a << b],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, (a, b) => a >> b],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, (a, b) => a >>> b],
  [ts.SyntaxKind.AsteriskAsteriskToken, (a, b) => a ** b],
]);

export class Values {
  #numbers = new Map();
  #tables = new Map();

  constructor(checker) {
    this.checker = checker;
  }

  /** Constant tables are read from the built modules; load() them before they are asked for. */
  setTables(tables) {
    this.#tables = tables;
  }

  /** The text of a constant, undefined where the expression is none. */
  of(node) {
    if (ts.isNumericLiteral(node) && FLOAT_TEXT.test(node.getText())) return `<f64>${node.getText()}`;
    const value = this.number(node);
    if (value === undefined) return undefined;
    // Integers are 32 bits wide, whatever their sign is meant to be; what is wider can only be a float.
    return Number.isInteger(value) && Math.abs(value) < 2 ** 32 ? String(value | 0) : `<f64>${value}`;
  }

  number(node) {
    if (ts.isNumericLiteral(node)) return Number(node.text);
    if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node) || ts.isAsExpression(node)) {
      return this.number(node.expression);
    }
    if (ts.isPrefixUnaryExpression(node)) {
      const operand = this.number(node.operand);
      if (operand === undefined) return undefined;
      if (node.operator === ts.SyntaxKind.MinusToken) return -operand;
      if (node.operator === ts.SyntaxKind.TildeToken) return ~operand;
      return undefined;
    }
    if (ts.isBinaryExpression(node)) {
      const fold = FOLDED.get(node.operatorToken.kind);
      if (fold === undefined) return undefined;
      const [a, b] = [this.number(node.left), this.number(node.right)];
      return a === undefined || b === undefined ? undefined : fold(a, b);
    }
    if (ts.isIdentifier(node) || ts.isPropertyAccessExpression(node)) return this.#constant(node);
    return undefined;
  }

  /** A module's own or imported constant; not a local one. */
  #constant(node) {
    let symbol = this.checker.getSymbolAtLocation(ts.isIdentifier(node) ? node : node.name);
    if (symbol === undefined) return undefined;
    if (symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    const declaration = symbol.valueDeclaration;
    if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined;
    const list = declaration.parent;
    if (!ts.isSourceFile(list.parent.parent) || !(list.flags & ts.NodeFlags.Const)) return undefined;
    if (!this.#numbers.has(declaration)) {
      this.#numbers.set(declaration, undefined);
      const { initializer } = declaration;
      this.#numbers.set(declaration, initializer === undefined ? undefined : this.number(initializer));
    }
    return this.#numbers.get(declaration);
  }

  /** An index as the sum of its constant parts and the rest. */
  split(node) {
    const rest = [];
    let offset = 0;
    const visit = part => {
      const value = this.number(part);
      if (value !== undefined) offset += value;
      else if (ts.isBinaryExpression(part) && part.operatorToken.kind === ts.SyntaxKind.PlusToken) {
        visit(part.left);
        visit(part.right);
      } else rest.push(part);
    };
    visit(node);
    return { rest, offset };
  }

  /** A constant table as data of the module. */
  table(name, declaration, exported) {
    const values = this.#tables.get(declaration.getSourceFile().fileName)?.[exported];
    if (!(values instanceof Uint8Array)) {
      throw new Error(`${declaration.getSourceFile().fileName}: ${exported} is no exported Uint8Array`);
    }
    return `const ${name} = memory.data<u8>([${[...values].join(', ')}]);`;
  }
}

/** Whether an expression is a 64-bit float: read from a Float64Array, declared `Float`, or written as one. */
export function isFloat(node, checker) {
  if (ts.isNumericLiteral(node)) return FLOAT_TEXT.test(node.getText());
  if (ts.isParenthesizedExpression(node) || ts.isNonNullExpression(node)) return isFloat(node.expression, checker);
  if (ts.isElementAccessExpression(node)) {
    return checker.getTypeAtLocation(node.expression).symbol?.name === 'Float64Array';
  }
  if (ts.isIdentifier(node)) {
    const declaration = checker.getSymbolAtLocation(node)?.valueDeclaration;
    if (declaration?.type?.getText() === 'Float') return true;
    const isLocal = declaration !== undefined && ts.isVariableDeclaration(declaration) && declaration.initializer;
    return isLocal ? isFloat(declaration.initializer, checker) : false;
  }
  if (ts.isConditionalExpression(node)) return isFloat(node.whenTrue, checker) || isFloat(node.whenFalse, checker);
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.kind;
    if (operator === ts.SyntaxKind.SlashToken) return true;
    const isArithmetic =
      operator === ts.SyntaxKind.PlusToken ||
      operator === ts.SyntaxKind.MinusToken ||
      operator === ts.SyntaxKind.AsteriskToken;
    return isArithmetic && (isFloat(node.left, checker) || isFloat(node.right, checker));
  }
  return false;
}
