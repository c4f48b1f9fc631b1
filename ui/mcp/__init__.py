"""The MCP door: tools for agents, over standard input and output or HTTP."""
